using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>
/// The one way from files of others to a model directory. A checkpoint of the published code keeps its scores (<see cref="PaddingRule.Reference"/>), and so does
/// an export (<see cref="ReferenceExport"/>), which says itself how it scores; pretrained encoders give a model to be trained (<see cref="PaddingRule.Masked"/>). Nothing in the files is executed.
/// </summary>
public static class CheckpointImport
{
    /// <summary>Writes a model directory (<see cref="ModelDirectory"/>). Nothing is written if the sources do not fit.</summary>
    /// <param name="sources">Where the weights come from.</param>
    /// <param name="directory">Model directory to write.</param>
    /// <param name="options">How; the defaults fit the published files.</param>
    /// <exception cref="ModelFormatException">
    /// <c>sources-missing</c>: neither a checkpoint nor a pretrained encoder, or no vocabulary; <c>sources-contradict</c>: two video encoders, or a line break in a word piece or an answer; <c>checkpoint-malformed</c>, <c>safetensors-malformed</c>, <c>model-incomplete</c>;
    /// <c>checkpoint-foreign</c>: no weights of this model; <c>config-invalid</c>; <c>weights-mismatch</c>: a tensor is missing, unknown or of another shape;
    /// <c>vocabulary-mismatch</c> or <c>answers-mismatch</c>: another number than the checkpoint has.
    /// </exception>
    public static ImportReport ToModelDirectory(ImportSources sources, string directory, ImportOptions? options = null)
    {
        using var scope = NewDisposeScope();
        options ??= new ImportOptions();
        if (options.HeadWidth <= 0 || options.TextHeadWidth <= 0) throw new ModelFormatException("config-invalid", "The width of an attention head must be positive.");
        if (sources is { Checkpoint: not null, VisionTransformer: not null }) throw new ModelFormatException("sources-contradict", "A checkpoint holds a video encoder already; it cannot be given together with a vision transformer.");
        if (new[] { sources.Vocabulary, sources.Answers }.Any(lines => lines?.Any(l => l.AsSpan().IndexOfAny('\n', '\r') >= 0) == true))
            throw new ModelFormatException("sources-contradict", "A word piece or an answer contains a line break, which their files cannot hold.");
        var distilBert = sources.DistilBert is { } text && (sources.Checkpoint is null || sources.Vocabulary is null) ? HuggingFaceDistilBert.Open(text, options.TextHeadWidth ?? options.HeadWidth) : null;
        var vocabulary = sources.Vocabulary ?? distilBert?.Vocabulary ?? throw Missing("the word pieces of the text encoder, its vocab.txt");
        var (config, network, files) = sources switch
        {
            { Checkpoint: { } checkpoint } => FromCheckpoint(checkpoint, vocabulary, sources.Answers, options),
            { DistilBert: null, VisionTransformer: null } => throw Missing("a checkpoint or a pretrained encoder"),
            _ => FromEncoders(distilBert, sources.VisionTransformer, vocabulary, sources.Answers, options),
        };
        using (network)
        {
            ModelDirectory.Save(directory, config, network, vocabulary, sources.Answers);
            var loaded = files.SelectMany(f => f.Loaded).ToHashSet(StringComparer.Ordinal);
            return new ImportReport(config, files, [.. ModelWeights.Of(network).Select(p => p.Name).Where(n => !loaded.Contains(n))]);
        }
    }

    private static (ModelConfig, Module, IReadOnlyList<WeightReport>) FromCheckpoint(string checkpoint, IReadOnlyList<string> vocabulary, IReadOnlyList<string>? answers, ImportOptions options)
    {
        var weights = ReferenceCheckpoint.Load(checkpoint);
        var stated = ReferenceExport.Stated(checkpoint);
        var config = ReferenceCheckpoint.Configuration(weights, stated is null ? options : ReferenceExport.WithHeads(options, stated));
        if (stated is not null) config = ReferenceExport.Complete(config, stated);
        CheckVocabulary(config.TextConfig, vocabulary);
        if (config.NumLabels == 0) config = WithAnswers(config, answers);
        if ((answers?.Count ?? 0) != config.NumLabels) throw new ModelFormatException("answers-mismatch", $"The checkpoint has {config.NumLabels} answers, but {answers?.Count ?? 0} were given.");
        var (network, report) = ReferenceCheckpoint.Build(checkpoint, weights, config, options);
        return (config, network, [report]);
    }

    private static (ModelConfig, Module, IReadOnlyList<WeightReport>) FromEncoders(HuggingFaceDistilBert? distilBert, string? vit, IReadOnlyList<string> vocabulary, IReadOnlyList<string>? answers, ImportOptions options)
    {
        var vision = vit is null ? null : TimmVit.Open(vit, options.HeadWidth);
        var text = distilBert?.Config ?? new TextEncoderConfig { VocabSize = vocabulary.Count };
        CheckVocabulary(text, vocabulary);
        var video = vision?.Config ?? new ObjectTransformerConfig();
        var config = WithAnswers(new ModelConfig
        {
            TextConfig = text,
            MaxTextLength = Math.Min(ModelConfig.Base.MaxTextLength, text.MaxPositionEmbeddings),
            ObjectConfig = video with { NumFrames = options.NumFrames ?? video.NumFrames, ObjectNum = options.ObjectNum ?? video.ObjectNum, FeatureDim = options.FeatureDim ?? video.FeatureDim },
        }, answers);
        var network = ModelDirectory.Create(config, options.Seed);
        try
        {
            var files = new List<WeightReport>();
            if (distilBert is not null) files.Add(distilBert.LoadInto(network, text));
            if (vision is not null)
            {
                files.Add(vision.LoadInto(network));
                TemporalEmbedding.Clear(network);
            }
            return (config, network, files);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static ModelConfig WithAnswers(ModelConfig config, IReadOnlyList<string>? answers) => answers is { Count: > 0 } ? config.ForQuestionAnswering(answers.Count) : config;

    private static void CheckVocabulary(TextEncoderConfig text, IReadOnlyList<string> vocabulary)
    {
        if (vocabulary.Count != text.VocabSize) throw new ModelFormatException("vocabulary-mismatch", $"The weights have {text.VocabSize} word pieces, the vocabulary {vocabulary.Count}.");
    }

    private static ModelFormatException Missing(string what) => new("sources-missing", $"The import needs {what}.");
}
