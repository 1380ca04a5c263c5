namespace DemoVlp.Modeling.DataSets;

/// <summary>The benchmark data sets, in their original file formats; README.md beside this file says which files, columns and splits each has.</summary>
public static class DataSetCatalog
{
    private static readonly Dictionary<string, Func<DataSetRequest, DataSetSource<CaptionItem>>> Captions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["webvid"] = CaptionTables.WebVid,
        ["cc3m"] = CaptionTables.ConceptualCaptions,
        ["msrvtt"] = Msrvtt.Captions,
        ["msvd"] = CaptionTables.Msvd,
        ["didemo"] = CaptionTables.DiDeMo,
        ["lsmdc"] = CaptionTables.Lsmdc,
    };

    private static readonly Dictionary<string, Func<DataSetRequest, DataSetSource<QuestionItem>>> Questions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["msrvtt-qa"] = QuestionFiles.Msrvtt,
        ["msvd-qa"] = QuestionFiles.Msvd,
        ["tgif-frame"] = QuestionFiles.TgifFrame,
    };

    private static readonly Dictionary<string, Func<DataSetRequest, DataSetSource<MultipleChoiceItem>>> Choices = new(StringComparer.OrdinalIgnoreCase)
    {
        ["msrvtt-mc"] = MultipleChoiceFiles.Msrvtt,
        ["lsmdc-mc"] = MultipleChoiceFiles.Lsmdc,
    };

    /// <summary>Names of all data sets.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Captions.Keys, .. Questions.Keys, .. Choices.Keys];

    /// <summary>Names for <see cref="DataSetOptions.Cut"/>.</summary>
    public static IReadOnlyList<string> MsrvttCuts => Msrvtt.Cuts;

    /// <summary>What a data set's items are.</summary>
    /// <exception cref="ModelFormatException"><c>dataset-unknown</c>.</exception>
    public static DataSetKind KindOf(string name) =>
        Captions.ContainsKey(name) ? DataSetKind.Captions
        : Questions.ContainsKey(name) ? DataSetKind.Questions
        : Choices.ContainsKey(name) ? DataSetKind.MultipleChoice
        : throw new ModelFormatException("dataset-unknown", $"There is no data set '{name}'. Known are: {string.Join(", ", Names)}.");

    /// <summary>Opens a data set of videos or images with captions: webvid, cc3m, msrvtt, msvd, didemo or lsmdc.</summary>
    /// <param name="name">Name of the data set.</param>
    /// <param name="root">Directory with the data set's files, or with their folder <c>meta_data</c>.</param>
    /// <param name="split">Part of the data set.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ModelFormatException"><c>dataset-unknown</c>, <c>dataset-kind</c>, <c>dataset-split</c>, <c>dataset-cut</c>, <c>dataset-option</c>, <c>dataset-missing-file</c> or <c>dataset-malformed</c>.</exception>
    public static DataSet<CaptionItem> OpenCaptions(string name, string root, DataSetSplit split, DataSetOptions? options = null) => Open(Captions, name, root, split, options);

    /// <summary>Opens a data set of questions: msrvtt-qa, msvd-qa or tgif-frame. Parameters and errors as of <see cref="OpenCaptions"/>.</summary>
    public static DataSet<QuestionItem> OpenQuestions(string name, string root, DataSetSplit split, DataSetOptions? options = null) => Open(Questions, name, root, split, options);

    /// <summary>Opens a data set of sentences to choose from: msrvtt-mc or lsmdc-mc. Parameters and errors as of <see cref="OpenCaptions"/>.</summary>
    public static DataSet<MultipleChoiceItem> OpenMultipleChoice(string name, string root, DataSetSplit split, DataSetOptions? options = null) => Open(Choices, name, root, split, options);

    private static DataSet<TItem> Open<TItem>(Dictionary<string, Func<DataSetRequest, DataSetSource<TItem>>> known, string name, string root, DataSetSplit split, DataSetOptions? options)
        where TItem : DataSetItem
    {
        if (!known.TryGetValue(name, out var open))
            throw new ModelFormatException("dataset-kind", $"{name} is a data set of {KindOf(name)}; asked for is one of: {string.Join(", ", known.Keys)}.");
        options ??= new DataSetOptions();
        if (options.Share is { } share && share is not (> 0 and <= 1)) throw new ModelFormatException("dataset-option", "The share of a data set's rows lies above 0 and is at most 1.");
        if (options.RegionDirectory is { } regions && !Directory.Exists(regions)) throw new ModelFormatException("dataset-missing-file", $"There is no region directory {regions}.");
        var request = new DataSetRequest(name, root, split, options);
        return new DataSet<TItem>(request, open(request));
    }
}
