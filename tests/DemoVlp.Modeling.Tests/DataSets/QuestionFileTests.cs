using DemoVlp.Modeling.DataSets;

namespace DemoVlp.Modeling.Tests.DataSets;

public sealed class QuestionFileTests
{
    private const string Rows = """
        {"answer": "couch", "question": "what sits?", "video_id": "video6513", "gif_name": "tumblr_1", "answer_type": "what"}
        {"answer": "two", "question": "how many?", "video_id": "video6514", "gif_name": "tumblr_2", "answer_type": "how"}

        not json
        {"answer": "couch", "question": "what sits?", "answer_type": "what"}
        {"answer": 7, "question": "which?", "video_id": "video1", "gif_name": "tumblr_3", "answer_type": "which"}
        {"question": "which?", "video_id": "video1", "gif_name": "tumblr_3", "answer_type": "which"}
        {"answer": "two", "question": " ", "video_id": "video1", "gif_name": "tumblr_3"}
        """;

    [Theory]
    [InlineData("msrvtt-qa", "msrvtt_qa_", "msrvtt_train_ans2label.json", "video6513")]
    [InlineData("tgif-frame", "frameqa_", "frameqa_trainval_ans2label.json", "tumblr_1")]
    public void Read_OfLinesOfJson_GivesLabelsAndCountsWhatCannotBeUsed(string name, string prefix, string labels, string video)
    {
        using var folder = new DataSetFolder();
        folder.Write($"meta_data/{labels}", """{"7": 1, "couch": 0}""");
        foreach (var split in (string[])["train", "val", "test"]) folder.Write($"meta_data/{prefix}{split}.jsonl", Rows);

        var (trained, training) = folder.Questions(name, DataSetSplit.Train);
        var (tested, testing) = folder.Questions(name, DataSetSplit.Test);

        Assert.Equal([("0", "what sits?", "couch", "what", 0), ("5", "which?", "7", "which", 1)], trained.Select(q => (q.QuestionId, q.Question, q.Answer, q.AnswerType, q.Label)));
        Assert.Equal((video, video), (trained[0].VideoId, trained[0].RegionPath));
        Assert.Equal([(2, "answer-without-label"), (4, "row-malformed"), (5, "video-missing"), (7, "answer-missing"), (8, "question-missing")], training.First.Select(row => ((int)row.Place.Row, row.Reason)));
        // An evaluation keeps the question that no label answers: it counts as wrong.
        Assert.Equal([("0", 0), ("1", -1), ("5", 1)], tested.Select(q => (q.QuestionId, q.Label)));
        Assert.Equal(4, testing.Unusable);
        Assert.Equal(["couch", "7"], DataSetCatalog.OpenQuestions(name, folder.Root, DataSetSplit.Validation).Answers!.Answers);
    }

    [Fact]
    public void Read_OfFilesFromWindows_TakesTheirByteOrderMarksAndLineEnds()
    {
        using var folder = new DataSetFolder();
        folder.Write("msrvtt_train_ans2label.json", "\uFEFF{\"couch\": 0,\r\n\"7\": 1}\r\n");
        folder.Write("msrvtt_qa_test.jsonl", "\uFEFF{\"answer\": \"7\", \"question\": \"which?\", \"video_id\": \"v\"}\r\n{\"answer\": \"couch\", \"question\": \"what?\", \"video_id\": \"v\"}");
        Assert.Equal([1, 0], folder.Questions("msrvtt-qa", DataSetSplit.Test).Items.Select(q => q.Label));
    }

    [Fact]
    public void Open_OfMsvdQaWhoseMappingNamesAVideoTwice_SaysWhere()
    {
        using var folder = new DataSetFolder();
        folder.Write("msvd_answer_set.txt", "man\n");
        folder.Write("msvd_youtube_mapping.txt", "one vid1\ntwo vid1\n");
        folder.Write("msvd_test_qa_encode.json", "[]");
        var fault = Assert.Throws<ModelFormatException>(() => folder.Questions("msvd-qa", DataSetSplit.Test));
        Assert.Equal("dataset-malformed", fault.Code);
        Assert.Contains("line 2 gives video 1 a second name", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfMsvdQa_NamesVideosByTheMapping()
    {
        using var folder = new DataSetFolder();
        folder.Write("meta_data/msvd_answer_set.txt", "man\nwoman\n");
        folder.Write("meta_data/msvd_youtube_mapping.txt", "-4wsuPCjDBc_5_15 vid1\n-7KMZQEsJW4_205_208 vid2\n");
        folder.Write("meta_data/msvd_train_qa_encode.json", """
            [{"answer": "woman", "question": "who sings here?", "id": 7, "video_id": 2}, {"answer": "man", "question": "who?", "id": 8, "video_id": 3},
             {"answer": "man", "question": "who?", "video_id": 1}, 5]
            """);

        var (items, report) = folder.Questions("msvd-qa", DataSetSplit.Train);

        var item = Assert.Single(items);
        Assert.Equal(("7", "-7KMZQEsJW4_205_208", "who", 1), (item.QuestionId, item.VideoId, item.AnswerType, item.Label));
        Assert.Equal([(2, "3", "video-unknown"), (3, "-4wsuPCjDBc_5_15", "row-malformed"), (4, "", "row-malformed")], report.First.Select(row => ((int)row.Place.Row, row.VideoId, row.Reason)));
    }

    [Theory]
    [InlineData("""{"a": 0, "b": 2}""")]
    [InlineData("""{"a": 0, "b": 0}""")]
    [InlineData("""{"a": 0, "b": 1, "a": 0}""")]
    [InlineData("""{"a": -1}""")]
    [InlineData("""{"a": "x"}""")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void Open_WithLabelsThatAreNoList_Refuses(string labels)
    {
        using var folder = new DataSetFolder();
        folder.Write("msrvtt_train_ans2label.json", labels);
        folder.Write("msrvtt_qa_test.jsonl", Rows);
        Assert.Equal("dataset-malformed", Assert.Throws<ModelFormatException>(() => folder.Questions("msrvtt-qa", DataSetSplit.Test)).Code);
    }

    [Theory]
    [InlineData("man\n\nwoman", "name vid1")]
    [InlineData("man\nman", "name vid1")]
    [InlineData("man", "name 1")]
    public void Open_WithABrokenAnswerListOrMapping_Refuses(string answers, string mapping)
    {
        using var folder = new DataSetFolder();
        folder.Write("msvd_answer_set.txt", answers);
        folder.Write("msvd_youtube_mapping.txt", mapping);
        folder.Write("msvd_test_qa_encode.json", "[]");
        Assert.Equal("dataset-malformed", Assert.Throws<ModelFormatException>(() => folder.Questions("msvd-qa", DataSetSplit.Test)).Code);
    }

    [Fact]
    public void Read_OfALineWithoutEnd_SkipsItWithoutTakingItIntoMemory()
    {
        using var folder = new DataSetFolder();
        folder.Write("msrvtt_train_ans2label.json", """{"couch": 0}""");
        folder.Write("msrvtt_qa_test.jsonl", Rows.Split('\n')[0] + "\n{\"answer\": \"" + new string('x', 3 << 20) + "\"}\n" + Rows.Split('\n')[0]);

        var (items, report) = folder.Questions("msrvtt-qa", DataSetSplit.Test);

        Assert.Equal(["0", "2"], items.Select(item => item.QuestionId));
        Assert.Equal(UnusableReasons.TooLong, Assert.Single(report.First).Reason);
    }
}
