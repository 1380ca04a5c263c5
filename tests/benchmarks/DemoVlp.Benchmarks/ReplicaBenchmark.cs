using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Training;
using TorchSharp;

namespace DemoVlp.Benchmarks;

/// <summary>A training step of the tiny model: one network whose operations are shared out among the threads, one on a single thread, and a replica for each thread (decision 0018).</summary>
internal static class ReplicaBenchmark
{
    private const int Vocabulary = 2577, Answers = 40, Pairs = 32, Questions = 64, QuestionsOfAVideo = 8;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(6);

    internal static void Run(int rounds, int threads)
    {
        Console.WriteLine($"| Task | One network on {threads} threads, ms a step | One network on one thread | {TrainingOptions.ReplicasFor(Config(0), threads)} replicas | Ratio to the first (lowest to highest) |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        Row("retrieval, 32 pairs, two near misses each", rounds, threads, (config, options) =>
        {
            var trainer = new RetrievalTrainer(ModelDirectory.Create(config, 1), config, options);
            var batch = Enumerable.Range(0, Pairs).Select(i => new RetrievalSample(RandomVideo.Frames(i, config.ObjectConfig), Text(i, 12))
            {
                Choice = new SentenceChoice([.. Enumerable.Range(0, 3).Select(k => Text(1000 + i * 3 + k, 10 + (i + k) % 6))], 0),
            }).ToList();
            return (trainer, () => trainer.Step(batch));
        });
        Row("questions, 64 about 8 videos", rounds, threads, (config, options) =>
        {
            config = config.ForQuestionAnswering(Answers);
            var trainer = new QuestionAnsweringTrainer(ModelDirectory.Create(config, 1), config, options);
            var videos = Enumerable.Range(0, Questions / QuestionsOfAVideo).Select(i => RandomVideo.Frames(i, config.ObjectConfig)).ToList();
            var batch = Enumerable.Range(0, Questions).Select(i => new QuestionSample(videos[i / QuestionsOfAVideo], Text(i, 6 + i % 6), i % Answers)).ToList();
            return (trainer, () => trainer.Step(batch));
        });
    }

    private static ModelConfig Config(int answers) => ModelConfig.Tiny(Vocabulary, 256, objectNum: 4, answers: answers, timeAttention: true);

    private static int[] Text(int seed, int words) => [101, .. RandomVideo.Words(seed, words, Vocabulary), 102];

    private static void Row(string name, int rounds, int threads, Func<ModelConfig, TrainingOptions, (IDisposable Trainer, Action Step)> create)
    {
        var replicas = TrainingOptions.ReplicasFor(Config(0), threads);
        var measured = Enumerable.Range(0, rounds).Select(_ => (All: Measure(threads, 1), One: Measure(1, 1), Shared: Measure(threads, replicas))).ToList();
        var ratios = measured.ConvertAll(m => m.All / m.Shared);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {Median(m => m.All):0} | {Median(m => m.One):0} | {Median(m => m.Shared):0} | {Comparison.Median(ratios):0.00} ({ratios.Min():0.00} to {ratios.Max():0.00}) |"));

        double Median(Func<(double All, double One, double Shared), double> of) => Comparison.Median(measured.ConvertAll(m => of(m)));

        double Measure(int use, int share)
        {
            torch.set_num_threads(use);
            var (trainer, step) = create(Config(0), new TrainingOptions { Replicas = share });
            using (trainer)
            {
                Steps(Window / 4);
                return Steps(Window);
            }

            double Steps(TimeSpan time)
            {
                var (watch, steps) = (Stopwatch.StartNew(), 0);
                for (; watch.Elapsed < time; steps++) step();
                return watch.Elapsed.TotalMilliseconds / steps;
            }
        }
    }
}
