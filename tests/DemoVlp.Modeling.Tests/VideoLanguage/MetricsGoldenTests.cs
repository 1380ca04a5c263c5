using System.Globalization;
using System.Text.Json;
using DemoVlp.Modeling.VideoLanguage.Evaluation;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed class MetricsGoldenTests
{
    [Theory, GoldenCases("05_retrieval_metrics")]
    public void RetrievalMetrics_WithTiesMasksAndSeveralCaptions_AreThePublishedOnes(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var entry in golden.Manifest.GetProperty("expected").EnumerateObject().Select(e => e.Name).ToList())
        {
            var expected = golden.Expect(entry)!.Value;
            var sims = Matrix(golden.In(Input(expected, "sims")));
            var present = expected.TryGetProperty("query_masks", out _) ? golden.In(Input(expected, "query_masks")).flatten().data<long>().ToArray().Select(m => m != 0).ToArray() : null;
            if (expected.TryGetProperty("t2v", out var t2v)) Same(golden, $"{entry} t2v", t2v, RetrievalMetrics.TextToVideo(sims, present));
            if (expected.TryGetProperty("v2t", out var v2t)) Same(golden, $"{entry} v2t", v2t, RetrievalMetrics.VideoToText(sims, present));
        }

        static string Input(JsonElement entry, string key) => entry.GetProperty(key).GetString()!["in.".Length..];
    });

    [Theory, GoldenCases("05_cols2metrics")]
    public void RetrievalMetrics_OfGivenRanks_AreThePublishedOnes(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var entry in golden.Manifest.GetProperty("expected").EnumerateObject().Select(e => e.Name).ToList())
        {
            var expected = golden.Expect(entry)!.Value;
            var ranks = expected.GetProperty("cols").EnumerateArray().Select(GoldenCase.Number).ToArray();
            Same(golden, entry, expected.GetProperty("metrics"), RetrievalMetrics.FromRanks(ranks, expected.GetProperty("num_queries").GetInt32()));
        }
    });

    [Theory, GoldenCases("05_evaluate_qa")]
    public void AnswerMetrics_WithUnseenAnswersAndRepeatedQuestions_AreThePublishedOnes(string name) => GoldenCase.Verify(name, golden =>
    {
        var (labels, questions) = (golden.Expect("label2ans")!.Value, golden.Expect("qid2data")!.Value);
        foreach (var run in golden.Manifest.GetProperty("expected").EnumerateObject().Where(e => e.Value.TryGetProperty("results", out _)).Select(e => e.Name).ToList())
        {
            var expected = golden.Expect(run)!.Value;
            var metrics = AnswerMetrics.Compute(expected.GetProperty("results").EnumerateArray().Select(r =>
            {
                var question = questions.GetProperty(Key(r.GetProperty("question_id")));
                return new AnswerPrediction(Key(r.GetProperty("question_id")), labels.GetProperty(Key(r.GetProperty("answer"))).GetString()!,
                    question.GetProperty("answer").GetString()!, question.GetProperty("answer_type").GetString()!);
            }));
            var published = expected.GetProperty("metrics");
            golden.Near($"{run} overall_acc", published.GetProperty("overall_acc"), metrics.Overall.Accuracy, 1e-12);
            foreach (var ratio in published.GetProperty("ratios").EnumerateObject())
            {
                var type = ratio.Name[..^"_ratio".Length];
                var actual = metrics.ByType.GetValueOrDefault(type);
                golden.Same($"{run} {type} count", ratio.Value[1].GetInt32(), actual.Count);
                golden.Near($"{run} {type} share", ratio.Value[0], actual.Count / (double)metrics.Overall.Count, 1e-12);
                golden.Near($"{run} {type} accuracy", published.GetProperty(type + "_acc"), actual.Accuracy, 1e-12);
            }
        }

        static string Key(JsonElement id) => id.ValueKind == JsonValueKind.String ? id.GetString()! : id.GetInt64().ToString(CultureInfo.InvariantCulture);
    });

    [Theory, GoldenCases("05_evaluate_mc")]
    public void MultipleChoiceMetrics_CountAnsweredQuestionsOnly(string name) => GoldenCase.Verify(name, golden =>
    {
        var (truth, predicted) = (Read("gt"), Read("pred"));
        golden.Same("mc_accuracy", golden.Expect("metrics")!.Value.GetProperty("mc_accuracy").GetString(), Percent(MultipleChoiceMetrics.Compute(truth, predicted)));
        if (golden.Expect("metrics_all_right") is { } right) golden.Same("all right", right.GetProperty("mc_accuracy").GetString(), Percent(MultipleChoiceMetrics.Compute(truth, truth)));

        Dictionary<string, int> Read(string key) => golden.Expect(key)!.Value.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());
    });

    /// <summary>As the published code prints an accuracy.</summary>
    internal static string Percent(AccuracyShare share) => (100 * share.Accuracy).ToString("F2", CultureInfo.InvariantCulture);

    internal static void Same(GoldenCase golden, string what, JsonElement expected, RetrievalMetrics metrics)
    {
        foreach (var (name, value) in new[]
        {
            ("R1", metrics.R1), ("R5", metrics.R5), ("R10", metrics.R10), ("R50", metrics.R50), ("MedR", metrics.MedianRank), ("MeanR", metrics.MeanRank),
            ("geometric_mean_R1-R5-R10", metrics.GeometricMean),
        })
        {
            golden.Near($"{what} {name}", expected.GetProperty(name), value, 1e-11);
        }
    }

    private static double[,] Matrix(TorchSharp.torch.Tensor x)
    {
        var values = x.data<double>().ToArray();
        var matrix = new double[x.shape[0], x.shape[1]];
        Buffer.BlockCopy(values, 0, matrix, 0, values.Length * sizeof(double));
        return matrix;
    }
}
