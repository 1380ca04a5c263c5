using System.Text;
using DemoVlp.Modeling.DataSets;

namespace DemoVlp.Modeling.Tests.DataSets;

/// <summary>Files come from anywhere: a reader names what it cannot use or refuses the file, and never fails in another way.</summary>
public sealed class DamagedFileTests
{
    private static readonly (string File, string Text)[] Files =
    [
        ("MSVD_test.tsv", "a \"\"b\"\" c,d\tv1\n\"x\ty\nz\"\tv2\nlast\tv3\n"),
        ("LSMDC16_multiple_choice_test_randomized.csv", "1_Film_00.1\t1\t2\t3\t4\ta\tb\tc\td\te\t5\n1_Film_00.2\t1\t2\t3\t4\ta\tb\tc\td\te\t1\n"),
        ("annotation/MSR_VTT.json", """{"annotations": [{"caption": "a \u00e9", "image_id": "v1"}, {"caption": "b", "image_id": "v2"}]}"""),
        ("high-quality/structured-symlinks/test_list_miech.txt", "v1\nv2\n"),
        ("msrvtt_qa_test.jsonl", """{"answer": "a", "question": "q\u00e9", "video_id": "v1", "answer_type": "what"}""" + "\n"),
        ("msrvtt_train_ans2label.json", """{"a": 0, "b\u00e9": 1}"""),
        ("msvd_test_qa_encode.json", """[{"answer": "a", "question": "q?", "id": 1, "video_id": 2}]"""),
        ("msvd_answer_set.txt", "a\nb\n"),
        ("msvd_youtube_mapping.txt", "name vid2\n"),
        ("msrvtt_mc_test.jsonl", """{"qid": "1", "clip_name": "v1", "answer": "0", "options": ["a", "b", "c", "d", "\u00e9"]}"""),
    ];

    [Fact]
    public void Read_OfFilesWithAnyByteChanged_GivesRowsOrNamesTheFault()
    {
        using var folder = new DataSetFolder();
        foreach (var (file, text) in Files) folder.Write(file, text);
        Assert.Equal(10, ReadAll(folder));
        var random = new Random(5);
        foreach (var (file, text) in Files)
        {
            var whole = Encoding.UTF8.GetBytes(text);
            for (var position = 0; position < whole.Length; position++)
            {
                var damaged = (byte[])whole.Clone();
                damaged[position] = (byte)random.Next(256);
                folder.WriteBytes(file, damaged);
                var fault = Record.Exception(() => ReadAll(folder));
                Assert.True(fault is null or ModelFormatException { Code: "dataset-malformed" }, $"{file}, byte {position} = {damaged[position]}: {fault}");
            }
            folder.WriteBytes(file, whole);
        }
    }

    [Fact]
    public void Read_OfARowOfMillionsOfEmptyFields_RefusesItWithoutTheMemory()
    {
        using var folder = new DataSetFolder();
        folder.Write("MSVD_test.tsv", new string('\t', 24 << 20));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fault = Assert.Throws<ModelFormatException>(() => folder.Captions("msvd", DataSetSplit.Test));
        Assert.Equal("dataset-malformed", fault.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 700L << 20); // All of it would be 1.7 GB.
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("{}")]
    public void Read_OfACaptionThatIsNoText_NamesTheVideo(string caption)
    {
        using var folder = new DataSetFolder();
        folder.Write("annotation/MSR_VTT.json", $$"""{"annotations": [{"caption": {{caption}}, "image_id": "v1"}]}""");
        folder.Write("high-quality/structured-symlinks/test_list_miech.txt", "v1\n");

        var (items, report) = folder.Captions("msrvtt", DataSetSplit.Test, new() { Cut = "miech" });

        Assert.Empty(items);
        Assert.Equal(("v1", "caption-missing"), (Assert.Single(report.First).VideoId, report.First[0].Reason));
    }

    [Fact]
    public void Read_OfPropertyNamesThatAreNoText_NamesTheRowOrTheFile()
    {
        using var folder = new DataSetFolder();
        folder.Write("msrvtt_mc_test.jsonl", """{"clip_nam\ud800": "v1", "answer": "0"}""");
        Assert.Equal("video-missing", Assert.Single(folder.Choices("msrvtt-mc", DataSetSplit.Test).Report.First).Reason);
        folder.Write("annotation/MSR_VTT.json", """{"annotation\ud800": []}""");
        folder.Write("high-quality/structured-symlinks/test_list_miech.txt", "v1\n");
        Assert.Equal("dataset-malformed", Assert.Throws<ModelFormatException>(() => folder.Captions("msrvtt", DataSetSplit.Test, new() { Cut = "miech" })).Code);
    }

    private static int ReadAll(DataSetFolder folder) =>
        folder.Captions("msvd", DataSetSplit.Test).Items.Length
        + folder.Choices("lsmdc-mc", DataSetSplit.Test).Items.Length
        + folder.Captions("msrvtt", DataSetSplit.Test, new() { Cut = "miech" }).Items.Length
        + folder.Questions("msrvtt-qa", DataSetSplit.Test).Items.Length
        + folder.Questions("msvd-qa", DataSetSplit.Test).Items.Length
        + folder.Choices("msrvtt-mc", DataSetSplit.Test).Items.Length;
}
