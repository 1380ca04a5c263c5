namespace DemoVlp.Modeling.VideoLanguage.Import;

/// <summary>
/// What a model is made of: a checkpoint of the published code, or pretrained encoders that a training starts from. Paths are opened as they are:
/// whether a caller may name them is the caller's business.
/// </summary>
public sealed record ImportSources
{
    /// <summary>A checkpoint of the published code (<c>.pth</c>) or an export of one (<c>.safetensors</c>). With it, <see cref="DistilBert"/> gives its vocabulary at most.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>A Hugging Face directory of a DistilBERT (<c>model.safetensors</c> or <c>pytorch_model.bin</c>, <c>config.json</c>, <c>vocab.txt</c>), or its file of weights alone.</summary>
    public string? DistilBert { get; init; }

    /// <summary>A timm file of a ViT, <c>jx_vit_base_p16_224</c> in the paper.</summary>
    public string? VisionTransformer { get; init; }

    /// <summary>Word pieces by token id; those of the DistilBERT directory if left out.</summary>
    public IReadOnlyList<string>? Vocabulary { get; init; }

    /// <summary>Answers by label: makes a model for questions, whose head is random if the sources hold none.</summary>
    public IReadOnlyList<string>? Answers { get; init; }
}

/// <summary>How the sources are taken over; the defaults fit the published files.</summary>
public sealed record ImportOptions
{
    /// <summary>Frames of the new model; those of the checkpoint, or 8, if left out.</summary>
    public int? NumFrames { get; init; }

    /// <summary>Regions per frame: must be the checkpoint's, where there is one; 30 if left out.</summary>
    public int? ObjectNum { get; init; }

    /// <summary>Width of a region feature: must be the checkpoint's, where there is one; 2048 if left out.</summary>
    public int? FeatureDim { get; init; }

    /// <summary>Temporal embeddings of frames the checkpoint has not; the published default of the new model's task if left out.</summary>
    public TemporalFix? TemporalFix { get; init; }

    /// <summary>Width of one attention head, which no checkpoint tells: 64 in all published models. A DistilBERT's <c>config.json</c> and the statement of a <see cref="ReferenceExport"/> go before it.</summary>
    public int HeadWidth { get; init; } = 64;

    /// <summary>Width of one head of the text encoder, where it is another than <see cref="HeadWidth"/>.</summary>
    public int? TextHeadWidth { get; init; }

    /// <summary>What is not in the sources is random; the same seed gives the same bits.</summary>
    public ulong Seed { get; init; }
}

/// <summary>What came of one file.</summary>
/// <param name="File">Its name, without folders.</param>
/// <param name="Loaded">Parameters of the model that it has set.</param>
/// <param name="Ignored">Its tensors that the model has no use for.</param>
/// <param name="Missing">Parameters of the part it was read for that it does not hold; they stay as they were initialised.</param>
public sealed record WeightReport(string File, IReadOnlyList<string> Loaded, IReadOnlyList<string> Ignored, IReadOnlyList<string> Missing);

/// <summary>What came of an import.</summary>
/// <param name="Config">The model that was written.</param>
/// <param name="Files">Per file that weights were taken from, in order.</param>
/// <param name="Initialised">Parameters that no file has set: they need training.</param>
public sealed record ImportReport(ModelConfig Config, IReadOnlyList<WeightReport> Files, IReadOnlyList<string> Initialised);
