// Multiple choice (spec section 8.5).

using System.Globalization;

namespace DemoVlp.Modeling.DataSets;

/// <summary>MSRVTT-MC and LSMDC-MC.</summary>
internal static class MultipleChoiceFiles
{
    private const int OptionCount = 5;

    /// <summary>There is a test file alone. The published code reads it under the name of the training split, with random frames.</summary>
    internal static DataSetSource<MultipleChoiceItem> Msrvtt(DataSetRequest request)
    {
        var path = request.File((DataSetSplit.Test, "msrvtt_mc_test.jsonl"), (DataSetSplit.Validation, "msrvtt_mc_test.jsonl"));
        return new(() => JsonFields.ReadLines<MultipleChoiceItem>(path, (place, row) => JsonFields.Text(row, "clip_name") is not { } video
            ? new UnusableRow(place, "", UnusableReasons.VideoMissing, "The question names no video.")
            : Item(request, place, JsonFields.Text(row, "qid") ?? "", video, JsonFields.Texts(row, "options") ?? [], Index(JsonFields.Text(row, "answer")), video)));
    }

    /// <summary>
    /// Clip, four times, five sentences in columns 5 to 9 and, in the randomised test file, the number of the right one from 1 in column 10; in the training file the first one is right
    /// (the data set's own description of its files).
    /// </summary>
    internal static DataSetSource<MultipleChoiceItem> Lsmdc(DataSetRequest request)
    {
        var path = request.File(
            (DataSetSplit.Train, "LSMDC16_multiple_choice_train.csv"),
            (DataSetSplit.Validation, "LSMDC16_multiple_choice_test_randomized.csv"),
            (DataSetSplit.Test, "LSMDC16_multiple_choice_test_randomized.csv"));
        var isTraining = request.Split == DataSetSplit.Train;
        var columns = isTraining ? 10 : 11;
        return new(() => TableRows.Read<MultipleChoiceItem>(request, path, columns, columns, (place, fields) => fields[0] is not { } video
            ? new UnusableRow(place, "", UnusableReasons.VideoMissing, "The column with the clip's name is empty.")
            : Item(request, place, video, video, fields[5..10], isTraining ? 0 : Index(fields[^1]) - 1, CaptionTables.LsmdcRegions(video))));
    }

    private static int? Index(string? text) => int.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    private static Row<MultipleChoiceItem> Item(DataSetRequest request, RowPlace place, string id, string video, string?[] options, int? answer, string regions)
    {
        string[] texts = [.. options.OfType<string>()];
        if (options.Length != OptionCount || texts.Length != OptionCount)
            return new UnusableRow(place, video, UnusableReasons.Options, $"There are {texts.Length} options with text, not {OptionCount}.");
        return answer is >= 0 and < OptionCount
            ? new MultipleChoiceItem(id, video, texts, answer.Value, request.Split, place) { RegionPath = regions }
            : new UnusableRow(place, video, UnusableReasons.AnswerMissing, $"The right answer is none of the {OptionCount} options.");
    }
}
