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
/// 200 videos ranked for 200 texts in float32 and in bfloat16: in how many rankings the same ten videos come first. By a model of the paper's size with random weights and
/// random regions, and by the model in the box with clips of Moving Shapes that it was not trained on.
/// </summary>
internal static class RankingAgreement
{
    private const int Count = 200, Top = 10;
    private const ulong Seed = 8;
    private const double Required = 0.99;

    /// <returns>1 if the model in the box has fewer rankings alike than required; otherwise 0.</returns>
    internal static int Run()
    {
        var folder = Directory.CreateTempSubdirectory("demovlp-ranking-");
        try
        {
            var config = ModelConfig.Base;
            using (var network = ModelDirectory.Create(config, 1)) ModelDirectory.Save(folder.FullName, config, network, [.. Enumerable.Range(0, config.TextConfig.VocabSize).Select(i => $"w{i}")]);
            Console.WriteLine("The paper's size, random weights");
            Compare(folder.FullName, i => RandomVideo.Frames(i, config.ObjectConfig), i => [101, .. RandomVideo.Words(i, 18), 102]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        Console.WriteLine("The retrieval model in the box");
        var model = Path.Combine(AppContext.BaseDirectory, "retrieval");
        var (frames, tokenizer) = (Clips(model, out var captions), BertTokenizer.Create(Path.Combine(model, "vocab.txt")));
        return Compare(model, i => frames[i], i => tokenizer.EncodeToIds(captions[i])) < Required ? 1 : 0;
    }

    private static List<IReadOnlyList<FrameRegions>> Clips(string model, out List<string> captions)
    {
        using var detector = RegionExtractor.Load(Path.Combine(AppContext.BaseDirectory, "detector"), "cpu");
        var clips = Clip.Of(Seed, Vocabulary.Standard, Split.Test).Take(Count).ToList();
        captions = [.. clips.Select(c => c.Captions[0])];
        var count = ModelConfig.Parse(File.ReadAllText(Path.Combine(model, "config.json"))).ObjectConfig.NumFrames;
        return [.. clips.Select(c => detector.Extract([.. DrawnFrames.Of(c.Scene, count)], count))];
    }

    // The share of rankings by both similarities with the same ten.
    private static double Compare(string directory, Func<int, IReadOnlyList<FrameRegions>> frames, Func<int, IReadOnlyList<int>> words)
    {
        var (exact, rounded) = (Scores(directory, ComputePrecision.Float32, frames, words), Scores(directory, ComputePrecision.BFloat16, frames, words));
        Report("global", exact.Global, rounded.Global);
        Report("local", exact.Local, rounded.Local);
        return Report("sum", Sum(exact), Sum(rounded));
    }

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
