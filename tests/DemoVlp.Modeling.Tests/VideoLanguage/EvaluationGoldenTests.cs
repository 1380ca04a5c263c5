using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed class EvaluationGoldenTests
{
    [Theory, GoldenCases("09_eval_retrieval")]
    public void RetrievalEvaluation_OfAWholeSet_GivesThePublishedMatricesMetricsAndLoss(string name) => GoldenCase.Verify(name, golden =>
    {
        using var mode = inference_mode();
        var (ids, mask) = (golden.In("input_ids"), golden.In("attention_mask"));
        var config = golden.ModelConfig() with { MaxTextLength = (int)ids.shape[1] };
        var network = golden.Load(new ObjectRelation(config));
        using var model = new RetrievalModel(new LoadedModel(config, network, [], []));
        var texts = model.EmbedTexts([.. Enumerable.Range(0, (int)ids.shape[0]).Select(i =>
            ids[i].data<long>().ToArray().Take((int)mask[i].sum().item<long>()).Select(t => (int)t).ToArray())]);

        var scores = RetrievalEvaluation.Compute(model, texts, Videos(golden, network), CancellationToken.None);

        var published = scores.ReferenceCompatibleSimilarities()!;
        golden.Check("global_sim", tensor(scores.Global));
        golden.Check("local_sim", tensor(scores.Local).t());
        golden.Check("sims_consistent", tensor(scores.Similarities()));
        golden.Check("sims_reference", tensor(published));
        var report = scores.Report();
        if (golden.Expect("metrics") is { } metrics)
        {
            MetricsGoldenTests.Same(golden, "t2v", metrics.GetProperty("t2v_metrics"), report.ReferenceCompatible!.TextToVideo);
            MetricsGoldenTests.Same(golden, "v2t", metrics.GetProperty("v2t_metrics"), report.ReferenceCompatible.VideoToText);
        }
        if (golden.Expect("metrics_if_orientation_were_consistent") is { } consistent)
        {
            MetricsGoldenTests.Same(golden, "consistent t2v", consistent.GetProperty("t2v"), report.TextToVideo.Optimistic);
            MetricsGoldenTests.Same(golden, "consistent v2t", consistent.GetProperty("v2t"), report.VideoToText.Mean);
        }
        if (golden.Expect("val_loss") is { } loss) golden.Near("val_loss", loss, Loss(golden, network, config), 1e-5 * Math.Abs(GoldenCase.Number(loss)));
        golden.NoResult("focal_threshold_margin");
    });

    /// <summary>The mean over the batches of each batch's own loss.</summary>
    private static double Loss(GoldenCase golden, ObjectRelation network, ModelConfig config)
    {
        var (pairs, batch) = (golden.In("input_ids").shape[0], (long)golden.Setting("batch", 1));
        var losses = new List<double>();
        for (long at = 0; at < pairs; at += batch)
        {
            var size = Math.Min(batch, pairs - at);
            Tensor Part(string input) => golden.In(input).narrow(0, at, size);
            var output = network.call(Part("input_ids"), Part("attention_mask"), Part("object"), Part("object_mask"));
            losses.Add(GlobalLocalLoss.For(config).Compute(output, Part("attention_mask")).Total.item<float>());
        }
        return losses.Average();
    }

    private static VideoEmbedding[] Videos(GoldenCase golden, ObjectRelation network)
    {
        var (tokens, mask) = network.EncodeObjects(golden.In("object"), golden.In("object_mask"));
        return [.. Enumerable.Range(0, (int)tokens.shape[0]).Select(i =>
        {
            var global = tokens[i, 0];
            var local = tokens[i].narrow(0, 1, tokens.shape[1] - 1).contiguous();
            var real = mask[i].narrow(0, 1, mask.shape[1] - 1).eq(0).data<bool>().ToArray();
            return new VideoEmbedding((global / global.norm()).data<float>().ToArray(), local.data<float>().ToArray(), real, new RegionToken[real.Length]);
        })];
    }
}
