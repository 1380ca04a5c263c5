using DemoVlp.Modeling.DataSets;

namespace DemoVlp.Modeling.Tests.DataSets;

public sealed class MultipleChoiceFileTests
{
    [Fact]
    public void Read_OfMsrvttMc_GivesFiveOptionsAndTheRightOne()
    {
        using var folder = new DataSetFolder();
        folder.Write("meta_data/msrvtt_mc_test.jsonl", """
            {"qid": "mc0", "clip_name": "video9770", "title": "msr143897", "answer": "4", "options": ["a", "b", "c", "d", "e"]}
            {"qid": "mc1", "clip_name": "video9771", "answer": "5", "options": ["a", "b", "c", "d", "e"]}
            {"qid": "mc2", "clip_name": "video9772", "answer": "0", "options": ["a", "", "c", "d", "e"]}
            {"qid": "mc3", "clip_name": "video9773", "answer": "0", "options": ["a", "b", "c", "d", "e", "f"]}
            """);

        var (items, report) = folder.Choices("msrvtt-mc", DataSetSplit.Test);

        var item = Assert.Single(items);
        Assert.Equal(("mc0", "video9770", 4), (item.QuestionId, item.VideoId, item.Answer));
        Assert.Equal(["a", "b", "c", "d", "e"], item.Options);
        Assert.Equal([("video9771", "answer-missing"), ("video9772", "options"), ("video9773", "options")], report.First.Select(row => (row.VideoId, row.Reason)));
    }

    [Fact]
    public void Read_OfLsmdcMc_CountsTheAnswerFromOneAndKeepsTheFirstRow()
    {
        using var folder = new DataSetFolder();
        const string clip = "0001_American_Beauty_00.00.51.926-00.00.54.129\t1\t2\t3\t4\ta\tb\tc\td\te";
        folder.Write("meta_data/LSMDC16_multiple_choice_test_randomized.csv", $"{clip}\t5\n{clip}\t0\n{clip}\t1\n{clip}\n");
        folder.Write("meta_data/LSMDC16_multiple_choice_train.csv", $"{clip}\n");

        var (items, report) = folder.Choices("lsmdc-mc", DataSetSplit.Test);

        Assert.Equal([4, 0], items.Select(item => item.Answer));
        Assert.Equal("0001_American_Beauty/0001_American_Beauty_00.00.51.926-00.00.54.129", items[0].RegionPath);
        Assert.Equal([(2, "answer-missing"), (4, "columns")], report.First.Select(row => ((int)row.Place.Row, row.Reason)));
        Assert.Equal([0], folder.Choices("lsmdc-mc", DataSetSplit.Test, new() { Compatibility = ReferenceCompatibility.Reference }).Items.Select(item => item.Answer));
        Assert.Equal(0, Assert.Single(folder.Choices("lsmdc-mc", DataSetSplit.Train).Items).Answer);
    }
}
