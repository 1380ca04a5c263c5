using DemoVlp.Modeling.VideoLanguage;

namespace DemoVlp.Training.Fitting;

/// <summary>
/// Floating-point operations of a model, counted from its matrix products (two per multiplication and addition): what a step costs in comparison with a validation,
/// or another step of the same model. A step is counted as three forward passes.
/// </summary>
/// <param name="config">The model.</param>
/// <param name="sample">What a step encodes for each of its samples.</param>
internal sealed class Work(ModelConfig config, SampleSize sample)
{
    private readonly double words = config.Padding == PaddingRule.Reference ? config.MaxTextLength : Math.Min(sample.LongestText, config.MaxTextLength);
    private readonly double regions = (double)config.ObjectConfig.NumFrames * config.ObjectConfig.ObjectNum;

    /// <summary>One optimiser step.</summary>
    public double Step(int batchSize) => 3 * Forward(batchSize, sample.Texts * batchSize, sample.Videos * batchSize);

    /// <summary>One validation: a sample has one text.</summary>
    public double Validation(int samples, int clips) => Forward(samples, samples, clips);

    /// <summary>Passes from one validation to the next, so that validations take no more than about a tenth of the time.</summary>
    public int ValidationInterval(int samples, int clips, int stepsPerEpoch, int batchSize) => (int)Math.Max(1, Math.Ceiling(Validation(samples, clips) / (0.1 * stepsPerEpoch * Step(batchSize))));

    // Retrieval compares every text with every video; a question meets its own video only.
    private double Forward(double samples, double texts, double videos) => texts * Text + videos * Video + (config.Task == ModelTasks.Retrieval ? samples * samples * Alignment : 0);

    private double Text
    {
        get
        {
            var text = config.TextConfig;
            double dim = text.Dim;
            return words * (text.NLayers * (8 * dim * dim + 4 * dim * text.HiddenDim + 4 * words * dim) + 2 * dim * config.ProjectionDim);
        }
    }

    private double Video
    {
        get
        {
            var video = config.ObjectConfig;
            double width = video.EmbedDim, frame = video.ObjectNum + 1;
            var block = 8 * width * width + 4 * width * width * video.MlpRatio + 4 * frame * width;
            if (video.TimeModule == ObjectTransformerConfig.TimeAttention) block += 8 * width * width + 4 * video.NumFrames * width;
            return regions * (2 * (video.FeatureDim + ObjectTransformerConfig.PositionDim) * width + video.Depth * block + 2 * width * config.ProjectionDim);
        }
    }

    // Scores and contexts, words over regions and regions over words.
    private double Alignment => 8 * words * regions * config.ProjectionDim;
}
