using System.Globalization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Benchmarks;

/// <summary>200 videos ranked for 200 texts by a model in float32 and in bfloat16: in how many rankings the same ten videos come first.</summary>
internal static class RankingAgreement
{
    private const int Count = 200, Top = 10;

    internal static void Run()
    {
        var folder = Directory.CreateTempSubdirectory("demovlp-ranking-");
        try
        {
            var config = ModelConfig.Base;
            using (var network = ModelDirectory.Create(config, 1)) ModelDirectory.Save(folder.FullName, config, network, [.. Enumerable.Range(0, config.TextConfig.VocabSize).Select(i => $"w{i}")]);
            var exact = Scores(folder.FullName, ComputePrecision.Float32);
            var rounded = Scores(folder.FullName, ComputePrecision.BFloat16);
            Report("global", exact.Global, rounded.Global);
            Report("local", exact.Local, rounded.Local);
            Report("sum", Sum(exact), Sum(rounded));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static RetrievalEvaluation Scores(string directory, ComputePrecision precision)
    {
        using var model = new RetrievalModel(ModelDirectory.Load(directory, precision: precision));
        var videos = Enumerable.Range(0, Count / 10).SelectMany(g => model.EmbedVideos([.. Enumerable.Range(g * 10, 10).Select(i => RandomVideo.Frames(i, model.Config.ObjectConfig))])).ToList();
        var texts = model.EmbedTexts([.. Enumerable.Range(0, Count).Select(i => (IReadOnlyList<int>)[101, .. RandomVideo.Words(i, 18), 102])]);
        return RetrievalEvaluation.Compute(model, texts, videos);
    }

    private static float[,] Sum(RetrievalEvaluation scores)
    {
        var sum = new float[Count, Count];
        for (var i = 0; i < Count; i++)
            for (var j = 0; j < Count; j++) sum[i, j] = scores.Global[i, j] + scores.Local[i, j];
        return sum;
    }

    private static void Report(string name, float[,] exact, float[,] rounded)
    {
        var (same, shared) = (0, 0);
        double error = 0, spread = 0;
        for (var i = 0; i < Count; i++)
        {
            var (a, b) = (First(exact, i), First(rounded, i));
            var common = a.Intersect(b).Count();
            shared += common;
            if (common == Top) same++;
            var row = Enumerable.Range(0, Count).Select(j => (double)exact[i, j]).ToList();
            spread += Math.Sqrt(row.Sum(v => (v - row.Average()) * (v - row.Average())) / Count) / Count;
            var delta = Enumerable.Range(0, Count).Select(j => (double)rounded[i, j] - exact[i, j]).ToList();
            error += Math.Sqrt(delta.Sum(v => (v - delta.Average()) * (v - delta.Average())) / Count) / Count;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: the same ten in {same / (double)Count:P1} of the rankings, {shared / (double)(Count * Top):P2} of the places; scores vary by {spread:G3} between videos, by {error:G3} between the types"));
    }

    private static int[] First(float[,] scores, int row) =>
        [.. Enumerable.Range(0, Count).OrderByDescending(j => scores[row, j]).ThenBy(j => j).Take(Top)];
}
