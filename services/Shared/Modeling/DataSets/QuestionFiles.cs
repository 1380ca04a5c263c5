// Questions and answers (spec section 8.5).

using System.Globalization;
using System.Text.Json;

namespace DemoVlp.Modeling.DataSets;

/// <summary>MSRVTT-QA, MSVD-QA and TGIF-Frame.</summary>
internal static class QuestionFiles
{
    internal static DataSetSource<QuestionItem> Msrvtt(DataSetRequest request)
    {
        var path = request.File((DataSetSplit.Train, "msrvtt_qa_train.jsonl"), (DataSetSplit.Validation, "msrvtt_qa_val.jsonl"), (DataSetSplit.Test, "msrvtt_qa_test.jsonl"));
        return Lines(request, path, AnswerSet.FromLabels(request.Path("msrvtt_train_ans2label.json")), "video_id");
    }

    internal static DataSetSource<QuestionItem> TgifFrame(DataSetRequest request)
    {
        var path = request.File((DataSetSplit.Train, "frameqa_train.jsonl"), (DataSetSplit.Validation, "frameqa_val.jsonl"), (DataSetSplit.Test, "frameqa_test.jsonl"));
        return Lines(request, path, AnswerSet.FromLabels(request.Path("frameqa_trainval_ans2label.json")), "gif_name");
    }

    /// <summary>Videos are numbers that <c>msvd_youtube_mapping.txt</c> names; the type of an answer is the question's first word.</summary>
    internal static DataSetSource<QuestionItem> Msvd(DataSetRequest request)
    {
        var path = request.File((DataSetSplit.Train, "msvd_train_qa_encode.json"), (DataSetSplit.Validation, "msvd_val_qa_encode.json"), (DataSetSplit.Test, "msvd_test_qa_encode.json"));
        var answers = AnswerSet.FromLines(request.Path("msvd_answer_set.txt"));
        var names = Names(request.Path("msvd_youtube_mapping.txt"));
        return new(Rows) { Answers = answers };

        IEnumerable<Row<QuestionItem>> Rows()
        {
            foreach (var (number, row) in JsonElements.Read(path, property: null)) yield return Item(new RowPlace(Path.GetFileName(path), number), row);
        }

        Row<QuestionItem> Item(RowPlace place, JsonElement row)
        {
            if (row.ValueKind != JsonValueKind.Object) return new UnusableRow(place, "", UnusableReasons.Malformed, "It is no JSON object.");
            var video = JsonFields.Text(row, "video_id");
            if (video is not null && !names.TryGetValue(video, out video))
                return new UnusableRow(place, JsonFields.Text(row, "video_id")!, UnusableReasons.VideoUnknown, "msvd_youtube_mapping.txt has no name of this video.");
            var id = JsonFields.Text(row, "id");
            return id is null
                ? new UnusableRow(place, video ?? "", UnusableReasons.Malformed, "The question has no 'id'.")
                : Question(request, place, row, id, video, JsonFields.Text(row, "question")?.Split(' ')[0], answers);
        }
    }

    private static DataSetSource<QuestionItem> Lines(DataSetRequest request, string path, AnswerSet answers, string video)
    {
        // These files number no questions. The published code counts them after a random shuffle; the place in the file is the same every time.
        return new(() => JsonFields.ReadLines<QuestionItem>(path, (place, row) =>
            Question(request, place, row, (place.Row - 1).ToString(CultureInfo.InvariantCulture), JsonFields.Text(row, video), JsonFields.Text(row, "answer_type"), answers)))
        { Answers = answers };
    }

    private static Row<QuestionItem> Question(DataSetRequest request, RowPlace place, JsonElement row, string id, string? video, string? type, AnswerSet answers)
    {
        if (video is null) return new UnusableRow(place, "", UnusableReasons.VideoMissing, "The question names no video.");
        if (JsonFields.Text(row, "question") is not { } question) return new UnusableRow(place, video, UnusableReasons.QuestionMissing, "There is no question.");
        if (JsonFields.Text(row, "answer") is not { } answer) return new UnusableRow(place, video, UnusableReasons.AnswerMissing, "There is no answer.");
        var label = answers.LabelOf(answer);
        return label < 0 && request.Split == DataSetSplit.Train
            ? new UnusableRow(place, video, UnusableReasons.AnswerWithoutLabel, $"The answer '{answer}' has no label to train on.")
            : new QuestionItem(id, video, question, answer, type ?? "", label, request.Split, place) { RegionPath = video };
    }

    /// <summary>Lines <c>name vid12</c>.</summary>
    private static Dictionary<string, string> Names(string path)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (number, line) in BoundedLines.Read(path))
        {
            if (line?.Split(' ') is not [var name, ['v', 'i', 'd', .. var digits]] || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var video))
                throw DataSetRequest.Malformed(path, $"line {number} is not of the form 'name vid12'.");
            if (!names.TryAdd(video.ToString(CultureInfo.InvariantCulture), name)) throw DataSetRequest.Malformed(path, $"line {number} gives video {video} a second name.");
        }
        return names;
    }
}
