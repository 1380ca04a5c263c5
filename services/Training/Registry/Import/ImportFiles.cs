using DemoVlp.Modeling.VideoLanguage.Import;

namespace DemoVlp.Training.Registry.Import;

/// <summary>What is to be imported: local paths that were checked, and what the new model is to be called.</summary>
internal sealed record ImportFiles
{
    /// <summary>Width of an attention head in all published models.</summary>
    public const int PublishedHeadWidth = 64;

    /// <summary>A model directory (<c>config.json</c>, <c>model.safetensors</c>, <c>vocab.txt</c>, <c>answers.txt</c>).</summary>
    public string? Model { get; init; }

    /// <summary>A run of this system, for the weights that it has kept.</summary>
    public KeptRun? Kept { get; init; }

    /// <summary>A checkpoint of the published code.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>A DistilBERT directory.</summary>
    public string? DistilBert { get; init; }

    /// <summary>A timm vision transformer.</summary>
    public string? Vit { get; init; }

    public string? Vocabulary { get; init; }
    public string? Answers { get; init; }

    /// <summary>Version of the new model; null: made up from its content.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>Sizes that the sources do not tell.</summary>
    public ImportOptions Options { get; init; } = new();

    /// <summary>The files whose bytes make the model, for its description.</summary>
    public string Sources => string.Join(" and ", new[]
    {
        Model is null ? null : "a model directory", Checkpoint is null ? null : "a checkpoint of the published code",
        DistilBert is null || Checkpoint is not null ? null : "a DistilBERT", Vit is null ? null : "a vision transformer",
    }.OfType<string>());
}
