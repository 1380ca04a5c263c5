using System.Globalization;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.MovingShapes;
using Microsoft.ML.Tokenizers;

namespace DemoVlp.Benchmarks;

/// <summary>
/// 200 videos ranked for 200 texts in float32 and in bfloat16: in how many rankings the same ten videos come first. By two models of the paper's size, one with random weights and
/// random regions and one that was taught with Moving Shapes for some minutes, and by the model in the box; the latter two with clips they were not trained on.
/// </summary>
internal static class RankingAgreement
{
    private const int Count = 200, Top = 10;
    private const ulong Seed = 8, TaughtSeed = 9;
    private const double Required = 0.99;

    /// <param name="only">Only models whose name contains this.</param>
    /// <returns>1 if a model that tells videos apart has fewer rankings alike than required; otherwise 0.</returns>
    internal static int Run(string? only)
    {
        var box = Path.Combine(AppContext.BaseDirectory, "retrieval");
        using var detector = RegionExtractor.Load(Path.Combine(AppContext.BaseDirectory, "detector"), "cpu");
        var tokenizer = BertTokenizer.Create(Path.Combine(box, "vocab.txt"));
        var clips = ShapesClip.Of(Seed, Split.Test, Count, detector, tokenizer);
        var alike = new List<double>();
        if (Wanted("The paper's size, random weights")) _ = Written(Untaught);
        if (Wanted("The retrieval model in the box")) alike.Add(CompareOn(clips, box));
        if (Wanted("The paper's size, taught with Moving Shapes"))
        {
            alike.Add(Written(directory =>
            {
                TaughtModel.Write(directory, TaughtModel.Config(detector.FeatureDim), ShapesClip.Of(TaughtSeed, Split.Train, TaughtModel.Clips, detector, tokenizer));
                return CompareOn(clips, directory);
            }));
        }
        return alike.Exists(share => share < Required) ? 1 : 0;

        bool Wanted(string name)
        {
            var wanted = only is null || name.Contains(only, StringComparison.OrdinalIgnoreCase);
            if (wanted) Console.WriteLine(name);
            return wanted;
        }
    }

    private static double Untaught(string directory)
    {
        var config = ModelConfig.Base;
        using (var network = ModelDirectory.Create(config, 1)) ModelDirectory.Save(directory, config, network, TaughtModel.Vocabulary(config));
        return Compare(directory, i => RandomVideo.Frames(i, config.ObjectConfig), i => [101, .. RandomVideo.Words(i, 18), 102]);
    }

    private static double CompareOn(List<ShapesClip> clips, string directory) => Compare(directory, i => clips[i].Frames, i => clips[i].Captions[0]);

    private static double Written(Func<string, double> measure)
    {
        var folder = Directory.CreateTempSubdirectory("demovlp-ranking-");
        try
        {
            return measure(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The share of rankings by both similarities with the same ten.
    private static double Compare(string directory, Func<int, IReadOnlyList<FrameRegions>> frames, Func<int, IReadOnlyList<int>> words)
    {
        var (exact, rounded) = (Scores(directory, ComputePrecision.Float32, frames, words), Scores(directory, ComputePrecision.BFloat16, frames, words));
        Report("global", exact.Global, rounded.Global);
        Report("local", exact.Local, rounded.Local);
        var sum = Sum(exact);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"own video first {Own(sum, 1):P0}, among the first ten {Own(sum, Top):P0}"));
        return Report("sum", sum, Sum(rounded));
    }

    private static double Own(float[,] scores, int places) =>
        Enumerable.Range(0, Count).Count(i => Enumerable.Range(0, Count).Count(j => scores[i, j] > scores[i, i]) < places) / (double)Count;

    private static RetrievalEvaluation Scores(string directory, ComputePrecision precision, Func<int, IReadOnlyList<FrameRegions>> frames, Func<int, IReadOnlyList<int>> words)
    {
        using var model = new RetrievalModel(ModelDirectory.Load(directory, precision: precision));
        var videos = Enumerable.Range(0, Count).Chunk(10).SelectMany(group => model.EmbedVideos([.. group.Select(frames)])).ToList();
        return RetrievalEvaluation.Compute(model, model.EmbedTexts([.. Enumerable.Range(0, Count).Select(words)]), videos);
    }

    private static float[,] Sum(RetrievalEvaluation scores)
    {
        var sum = new float[Count, Count];
        for (var i = 0; i < Count; i++)
            for (var j = 0; j < Count; j++) sum[i, j] = scores.Global[i, j] + scores.Local[i, j];
        return sum;
    }

    private static double Report(string name, float[,] exact, float[,] rounded)
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
        return same / (double)Count;
    }

    private static int[] First(float[,] scores, int row) =>
        [.. Enumerable.Range(0, Count).OrderByDescending(j => scores[row, j]).ThenBy(j => j).Take(Top)];
}
