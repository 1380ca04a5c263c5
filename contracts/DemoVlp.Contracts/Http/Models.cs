namespace DemoVlp.Contracts.Http;

/// <summary>A model in the registry.</summary>
public sealed record Model
{
    /// <summary>Unique name.</summary>
    public required string Version { get; init; }

    /// <summary><c>retrieval</c> or <c>question-answering</c>.</summary>
    public required string Task { get; init; }

    /// <summary><c>built-in</c>, <c>trained</c> or <c>imported</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>The run that made it, if one did.</summary>
    public Guid? RunId { get; init; }

    /// <summary>The model that run started from.</summary>
    public string? BaseModel { get; init; }

    /// <summary>The data set that run learnt from.</summary>
    public string? Dataset { get; init; }

    /// <summary>Its sizes; null if its files cannot be read.</summary>
    public ModelConfiguration? Configuration { get; init; }

    /// <summary>What it was measured to be worth: the newest completed evaluation of each data set, split and task.</summary>
    public IReadOnlyList<ModelMetric> Metrics { get; init; } = [];

    /// <summary>Whether it answers now.</summary>
    public required bool Active { get; init; }

    /// <summary>State of its latest activation: <c>activating</c>, <c>active</c>, <c>failed</c>; null if never activated, or replaced since.</summary>
    public string? Activation { get; init; }

    /// <summary>More on that activation.</summary>
    public ActivationDetails? ActivationDetails { get; init; }

    /// <summary>What it is and is not, in a sentence or two.</summary>
    public required string Description { get; init; }

    /// <summary>When it was registered, UTC.</summary>
    public required DateTime CreatedAt { get; init; }
}

/// <summary>A model's sizes.</summary>
public sealed record ModelConfiguration
{
    /// <summary>Numbers in a region feature: must be what the detector puts out.</summary>
    public required int FeatureDim { get; init; }

    /// <summary>Frames of a video that are looked at.</summary>
    public required int Frames { get; init; }

    /// <summary>Regions of a frame that are looked at.</summary>
    public required int RegionsPerFrame { get; init; }

    /// <summary>Numbers in an embedding.</summary>
    public required int ProjectionDim { get; init; }

    /// <summary>The longest text in word pieces.</summary>
    public required int MaxTextLength { get; init; }

    /// <summary>Word pieces of its vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Answers it knows; 0 for retrieval.</summary>
    public required int Answers { get; init; }

    /// <summary>Trainable numbers.</summary>
    public required long Parameters { get; init; }

    /// <summary>How padding counts: <c>masked</c>, or <c>reference</c> for weights of the published code.</summary>
    public required string Padding { get; init; }
}

/// <summary>The main number of an evaluation.</summary>
/// <param name="Dataset">Data set.</param>
/// <param name="Split">Split of it.</param>
/// <param name="Task">One of <see cref="EvaluationTask"/>.</param>
/// <param name="Name"><c>textToVideo.r1</c> or <c>accuracy</c>.</param>
/// <param name="Value">In percent, 0 to 100.</param>
/// <param name="Evaluation">The evaluation.</param>
public sealed record ModelMetric(string Dataset, string Split, string Task, string Name, double Value, Guid Evaluation);

/// <summary>How the latest activation of a model is doing, or what became of it.</summary>
public sealed record ActivationDetails
{
    /// <summary>Videos embedded with the model so far, of those that were there when it was asked for; null before that is known.</summary>
    public int? VideosEmbedded { get; init; }

    /// <summary>Videos to be embedded.</summary>
    public int? VideosTotal { get; init; }

    /// <summary>What the gate said: how it compares with the model that answered, that nothing could be compared, or that it was forced.</summary>
    public string? Gate { get; init; }

    /// <summary>Why it failed.</summary>
    public VideoFailure? Failure { get; init; }

    /// <summary>When it was asked for, UTC.</summary>
    public required DateTime RequestedAt { get; init; }

    /// <summary>When it was carried out or failed, UTC.</summary>
    public DateTime? AnsweredAt { get; init; }
}

/// <summary>JSON body of <c>POST /models</c>: files that lie in the system's import folder (all paths are relative to it), or a run.</summary>
public sealed record ModelImportRequest
{
    /// <summary>A training run that failed or was cancelled: a model is made of the weights it has kept, those of its best validation or else of its last checkpoint.</summary>
    public Guid? Run { get; init; }

    /// <summary>A model directory, or a checkpoint of the published code (<c>.pth</c>, <c>.safetensors</c>).</summary>
    public string? Path { get; init; }

    /// <summary>A Hugging Face directory of a DistilBERT, to begin a training with.</summary>
    public string? DistilBert { get; init; }

    /// <summary>A timm file of a vision transformer, to begin a training with.</summary>
    public string? Vit { get; init; }

    /// <summary><c>vocab.txt</c>; that of the DistilBERT if left out.</summary>
    public string? Vocabulary { get; init; }

    /// <summary><c>answers.txt</c>: makes a model for questions.</summary>
    public string? Answers { get; init; }

    /// <summary>Version of the new model; made up from its content if left out.</summary>
    public string? Name { get; init; }

    /// <summary>What it is, in a sentence.</summary>
    public string? Description { get; init; }

    /// <summary>Frames of a video that it looks at; the checkpoint's, or 8.</summary>
    public int? Frames { get; init; }

    /// <summary>Regions of a frame; the checkpoint's, or 30.</summary>
    public int? Regions { get; init; }

    /// <summary>Numbers in a region feature; the checkpoint's, or 2048.</summary>
    public int? FeatureDim { get; init; }

    /// <summary>Width of one attention head, which no checkpoint tells: 64, as in all published models, if left out.</summary>
    public int? HeadWidth { get; init; }
}
