using DemoVlp.Modeling.Regions;

namespace DemoVlp.Modeling.VideoLanguage.Training;

/// <summary>How a model is trained; the defaults are the paper's fine-tuning.</summary>
public sealed record TrainingOptions
{
    /// <summary>Learning rate of the first step; <see cref="ModelTrainer{TSample}.LearningRate"/> can be set before each.</summary>
    public double LearningRate { get; init; } = 1e-5;

    /// <summary>Update rule.</summary>
    public AdamWRule Rule { get; init; } = AdamWRule.Reference;

    /// <summary>Weight decay of the update rule.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Larger gradients are scaled to this norm; 0 leaves them.</summary>
    public double MaxGradientNorm { get; init; }

    /// <summary>Of dropout and frame sampling: the same seed, batches and number of threads and replicas give the same bits on a CPU.</summary>
    public ulong Seed { get; init; }

    /// <summary>Copies of the network that work on parts of a batch at the same time, each with its share of the CPU's threads; see <see cref="ReplicasFor"/>.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Type of the encoders' matrix products; weights, gradients and the optimiser's history are float32 in any case.</summary>
    public ComputePrecision Precision { get; init; }

    /// <summary>Retrieval: with region-word alignment.</summary>
    public bool UseLocalLoss { get; init; } = true;

    /// <summary>Retrieval: with the global similarity.</summary>
    public bool UseGlobalLoss { get; init; } = true;

    /// <summary>
    /// The number of <see cref="Replicas"/> that a model is trained fastest with on so many threads of a CPU: for a small one without dropout in its encoders a replica for each thread, four at most; otherwise 1.
    /// </summary>
    public static int ReplicasFor(ModelConfig config, int threads) => Training.Replicas.For(config, threads);
}

/// <summary>A video and one of its captions.</summary>
/// <param name="Frames">All frames there are, in order of time; each step samples among them.</param>
/// <param name="TokenIds">The caption, [CLS] first and [SEP] last.</param>
public sealed record RetrievalSample(IReadOnlyList<FrameRegions> Frames, IReadOnlyList<int> TokenIds)
{
    /// <summary>Sentences of which one describes the video and the others nearly do; null: there are none.</summary>
    public SentenceChoice? Choice { get; init; }
}

/// <summary>Multiple choice to learn from.</summary>
/// <param name="Options">Token ids of each sentence, [CLS] first and [SEP] last; at least two.</param>
/// <param name="Answer">Index of the right one.</param>
public sealed record SentenceChoice(IReadOnlyList<IReadOnlyList<int>> Options, int Answer);

/// <summary>A question about a video and the label of its answer.</summary>
/// <param name="Frames">All frames there are, in order of time; each step samples among them.</param>
/// <param name="TokenIds">The question, [CLS] first and [SEP] last.</param>
/// <param name="Label">Index of the answer, 0 to A-1.</param>
public sealed record QuestionSample(IReadOnlyList<FrameRegions> Frames, IReadOnlyList<int> TokenIds, int Label);

/// <summary>What a batch gave.</summary>
/// <param name="Loss">What is minimised, mean over the batch.</param>
/// <param name="GlobalLoss">Retrieval: the global part; otherwise 0.</param>
/// <param name="LocalLoss">Retrieval: the region-word alignment; otherwise 0.</param>
/// <param name="ChoiceLoss">Retrieval: the near misses; 0 if no sample has any.</param>
/// <param name="Correct">Share of samples whose own partner or answer came first, in [0, 1].</param>
/// <param name="GradientNorm">Before clipping; 0 for an evaluation.</param>
public readonly record struct StepResult(double Loss, double GlobalLoss, double LocalLoss, double ChoiceLoss, double Correct, double GradientNorm);
