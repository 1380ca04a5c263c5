using System.Globalization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;

namespace DemoVlp.Benchmarks;

/// <summary>
/// A retrieval model of the paper's size that tells clips of Moving Shapes apart, from random weights in some minutes: where there is no pretrained one, rankings by untaught weights say
/// nothing. Each frame has as many regions as such a clip has use for, which changes no weight's shape.
/// </summary>
internal static class TaughtModel
{
    internal const int Clips = 1500;
    private const int Passes = 8, Batch = 32, WarmupSteps = 50;
    private const double PeakRate = 1e-4;

    internal static ModelConfig Config(int featureDim) =>
        ModelConfig.Base with { ObjectConfig = ModelConfig.Base.ObjectConfig with { FeatureDim = featureDim, ObjectNum = 4 } };

    /// <summary>Trains in bfloat16 and writes the model's directory.</summary>
    internal static void Write(string directory, ModelConfig config, IReadOnlyList<ShapesClip> clips)
    {
        var options = new TrainingOptions { MaxGradientNorm = 1, Precision = ComputePrecision.BFloat16, Seed = 1 };
        using var trainer = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, options);
        var (random, steps) = (new Random(1), clips.Count / Batch * Passes);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var pass = 0; pass < Passes; pass++)
        {
            double loss = 0, correct = 0;
            var batches = Enumerable.Range(0, clips.Count).OrderBy(_ => random.Next()).Chunk(Batch).Where(b => b.Length == Batch).ToList();
            foreach (var batch in batches)
            {
                trainer.LearningRate = LearningRateSchedule.WarmupLinear(trainer.Steps, steps, WarmupSteps, PeakRate);
                var result = trainer.Step([.. batch.Select(i => clips[i].Sample(pass))]);
                (loss, correct) = (loss + result.Loss / batches.Count, correct + result.Correct / batches.Count);
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pass {pass + 1}: loss {loss:0.00}, own clip first of {Batch} {correct:P0}, {watch.Elapsed.TotalMinutes:0.0} minutes"));
        }
        trainer.SaveModel(directory, Vocabulary(config));
    }

    /// <summary>Words nobody uses: texts come as token ids.</summary>
    internal static IReadOnlyList<string> Vocabulary(ModelConfig config) => [.. Enumerable.Range(0, config.TextConfig.VocabSize).Select(i => $"w{i}")];
}
