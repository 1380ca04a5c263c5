using System.Text.Json;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class MetricsGoldenTests
{
    [Fact]
    public void RetrievalMetrics_WithTiesMasksAndSeveralCaptions_AreThePublishedOnes()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("05_retrieval_metrics");
        foreach (var entry in golden.Expected.EnumerateObject())
        {
            if (!entry.Value.TryGetProperty("sims", out _)) continue;
            var sims = Matrix(golden.In(entry.Name));
            var present = entry.Value.TryGetProperty("query_masks", out _) ? golden.In(entry.Name + ".mask").flatten().data<long>().ToArray().Select(m => m != 0).ToArray() : null;
            if (entry.Value.TryGetProperty("t2v", out var t2v)) Same(t2v, RetrievalMetrics.TextToVideo(sims, present));
            if (entry.Value.TryGetProperty("v2t", out var v2t)) Same(v2t, RetrievalMetrics.VideoToText(sims, present));
        }
    }

    [Fact]
    public void RetrievalMetrics_OfGivenRanks_AreThePublishedOnes()
    {
        foreach (var entry in GoldenCase.Open("05_cols2metrics").Expected.EnumerateObject())
        {
            var ranks = entry.Value.GetProperty("cols").EnumerateArray().Select(r => r.GetDouble()).ToArray();
            Same(entry.Value.GetProperty("metrics"), RetrievalMetrics.FromRanks(ranks, entry.Value.GetProperty("num_queries").GetInt32()));
        }
    }

    [Fact]
    public void AnswerMetrics_WithUnseenAnswersAndRepeatedQuestions_AreThePublishedOnes()
    {
        var expected = GoldenCase.Open("05_evaluate_qa").Expected;
        foreach (var run in new[] { "full", "subset" })
        {
            var metrics = AnswerMetrics.Compute(expected.GetProperty(run).GetProperty("results").EnumerateArray().Select(r =>
            {
                var id = r.GetProperty("question_id").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture);
                var question = expected.GetProperty("qid2data").GetProperty(id);
                var answer = r.GetProperty("answer").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture);
                return new AnswerPrediction(id, expected.GetProperty("label2ans").GetProperty(answer).GetString()!, question.GetProperty("answer").GetString()!, question.GetProperty("answer_type").GetString()!);
            }));
            var golden = expected.GetProperty(run).GetProperty("metrics");
            Assert.Equal(golden.GetProperty("overall_acc").GetDouble(), metrics.Accuracy, 1e-12);
            foreach (var ratio in golden.GetProperty("ratios").EnumerateObject())
            {
                var type = ratio.Name[..^"_ratio".Length];
                var actual = metrics.ByType.GetValueOrDefault(type);
                Assert.Equal(ratio.Value[1].GetInt32(), actual.Count);
                Assert.Equal(golden.GetProperty(type + "_acc").GetDouble(), actual.Accuracy, 1e-12);
            }
        }
    }

    [Fact]
    public void MultipleChoiceMetrics_CountAnsweredQuestionsOnly()
    {
        var expected = GoldenCase.Open("05_evaluate_mc").Expected;
        Dictionary<string, int> Read(string name) => expected.GetProperty(name).EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());
        var metrics = MultipleChoiceMetrics.Compute(Read("gt"), Read("pred"));
        Assert.Equal(expected.GetProperty("metrics").GetProperty("mc_accuracy").GetString(), (100 * metrics.Accuracy).ToString("F2", System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void RetrievalEvaluation_OfAWholeSet_GivesThePublishedMatricesAndMetrics()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open("09_eval_retrieval");
        var config = golden.ModelConfig() with { MaxTextLength = 8 };
        var network = golden.Load(new ObjectRelation(config));
        using var model = new RetrievalModel(new LoadedModel(config, network, [], []));
        var texts = model.EmbedTexts([.. Enumerable.Range(0, 10).Select(i =>
            golden.In("input_ids")[i].data<long>().ToArray().Take((int)golden.In("attention_mask")[i].sum().item<long>()).Select(t => (int)t).ToArray())]);

        var scores = RetrievalEvaluation.Compute(model, texts, Videos(golden, network), TestContext.Current.CancellationToken);

        golden.Check("global_sim", tensor(scores.Global));
        golden.Check("local_sim", tensor(scores.Local).t());
        golden.Check("sims_consistent", tensor(scores.Similarities()));
        golden.Check("sims_reference", tensor(scores.ReferenceSimilarities()!));
        Same(golden.Expected.GetProperty("metrics").GetProperty("t2v_metrics"), RetrievalMetrics.TextToVideo(scores.ReferenceSimilarities()!));
        Same(golden.Expected.GetProperty("metrics").GetProperty("v2t_metrics"), RetrievalMetrics.VideoToText(scores.ReferenceSimilarities()!));
        Same(golden.Expected.GetProperty("metrics_if_orientation_were_consistent").GetProperty("t2v"), RetrievalMetrics.TextToVideo(scores.Similarities()));
        Same(golden.Expected.GetProperty("metrics_if_orientation_were_consistent").GetProperty("v2t"), RetrievalMetrics.VideoToText(scores.Similarities()));
    }

    [Fact]
    public void R1Interval_OfAKnownShare_IsWilsons()
    {
        // 71 of 100: (0.6146, 0.7899) by the closed formula.
        var (low, high) = Proportions.Wilson95(0.71, 100);
        Assert.Equal(0.6146, low, 1e-4);
        Assert.Equal(0.7899, high, 1e-4);
    }

    private static VideoEmbedding[] Videos(GoldenCase golden, ObjectRelation network)
    {
        using var mode = inference_mode();
        var (tokens, mask) = network.EncodeObjects(golden.In("object"), golden.In("object_mask"));
        return [.. Enumerable.Range(0, 10).Select(i =>
        {
            var global = tokens[i, 0];
            var local = tokens[i].narrow(0, 1, tokens.shape[1] - 1).contiguous();
            var real = mask[i].narrow(0, 1, mask.shape[1] - 1).eq(0).data<bool>().ToArray();
            return new VideoEmbedding((global / global.norm()).data<float>().ToArray(), local.data<float>().ToArray(), real, new RegionToken[real.Length]);
        })];
    }

    private static double[,] Matrix(Tensor x)
    {
        var values = x.data<double>().ToArray();
        var matrix = new double[x.shape[0], x.shape[1]];
        Buffer.BlockCopy(values, 0, matrix, 0, values.Length * sizeof(double));
        return matrix;
    }

    private static void Same(JsonElement golden, RetrievalMetrics metrics)
    {
        double Read(string name) => golden.GetProperty(name).ValueKind == JsonValueKind.String ? double.PositiveInfinity : golden.GetProperty(name).GetDouble();
        Assert.Equal(Read("R1"), metrics.R1, 1e-9);
        Assert.Equal(Read("R5"), metrics.R5, 1e-9);
        Assert.Equal(Read("R10"), metrics.R10, 1e-9);
        Assert.Equal(Read("R50"), metrics.R50, 1e-9);
        Assert.Equal(Read("MedR"), metrics.MedianRank, 1e-9);
        if (double.IsFinite(Read("MeanR"))) Assert.Equal(Read("MeanR"), metrics.MeanRank, 1e-9);
        else Assert.Equal(Read("MeanR"), metrics.MeanRank);
        Assert.Equal(Read("geometric_mean_R1-R5-R10"), metrics.GeometricMean, 1e-9);
        Assert.InRange(metrics.R1, metrics.R1Interval95.Low - 1e-9, metrics.R1Interval95.High + 1e-9);
    }
}
