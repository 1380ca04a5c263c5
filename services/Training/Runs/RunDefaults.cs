namespace DemoVlp.Training.Runs;

/// <summary>What a run does where its request says nothing.</summary>
internal static class RunDefaults
{
    public const int Epochs = 20;
    public const int BatchSize = 16;

    /// <summary>The published training script's rate.</summary>
    public const double LearningRate = 2e-4;

    public const int Seed = 0;
}
