using System.Text.Json;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed class EncoderGoldenTests
{
    /// <summary>Ordinary activations hardly show a norm's epsilon; almost constant ones do.</summary>
    [Theory]
    [InlineData("text", "text_model.")]
    [InlineData("object", "object_model.")]
    public void LayerNorms_OfAlmostConstantInput_UseThePublishedEpsilon(string encoder, string prefix)
    {
        using var scope = NewDisposeScope();
        var epsilon = GoldenSet.Index.GetProperty("arch").GetProperty(encoder).GetProperty("ln_eps").GetDouble();
        using var network = new ObjectRelation(DemoVlp.Modeling.VideoLanguage.ModelConfig.Tiny(9, 8));
        var norms = network.named_modules().Where(m => m.name.StartsWith(prefix, StringComparison.Ordinal)).Select(m => m.module).OfType<TorchSharp.Modules.LayerNorm>().ToList();
        Assert.NotEmpty(norms);
        foreach (var norm in norms)
        {
            var x = tensor([1e-4f, -1e-4f]).repeat(norm.weight!.numel() / 2);
            Assert.Equal(1e-4 / Math.Sqrt(1e-8 + epsilon), norm.call(x)[0].item<float>(), 1e-4 * 1e-4 / Math.Sqrt(1e-8 + epsilon));
        }
    }

    [Theory, GoldenCases("01_text_encoder")]
    public void DistilBert_WhenTextsArePadded_GivesThePublishedStatesOfEveryLayer(string name) => GoldenCase.Verify(name, golden =>
    {
        using var mode = inference_mode();
        var config = golden.ModelConfig();
        var model = golden.Load<TorchSharp.torch.nn.Module>(config.NumLabels > 0 ? new ObjectQARelation(config) : new ObjectRelation(config));
        var encoder = (DistilBert)model.named_modules().Single(m => m.name == "text_model").module;
        Tensor Encode(string prefix) => encoder.call(golden.In(prefix + "input_ids"), golden.In(prefix + "attention_mask"));

        var layers = Enumerable.Range(0, config.TextConfig.NLayers).ToDictionary(i => $"transformer.layer.{i}", i => $"layer_{i}");
        var parts = GoldenModel.Capture(encoder, [.. layers.Keys, "embeddings"], () => golden.Check("last_hidden_state", Encode("")));
        golden.Check("embeddings", parts["embeddings"]);
        foreach (var (part, output) in layers) golden.Check(output, parts[part]);
        golden.Check("txt_proj", ((IObjectRelation)model).EncodeText(golden.In("input_ids"), golden.In("attention_mask")));
        if (golden.Has("single.input_ids")) golden.Check("single.last_hidden_state", Encode("single."));
    });

    [Theory, GoldenCases("02_object")]
    public void ObjectTransformer_WhenFramesOrRegionsAreMissing_GivesThePublishedTokensOfEveryBlock(string name) => GoldenCase.Verify(name, golden =>
    {
        using var mode = inference_mode();
        var config = golden.ModelConfig();
        var prefix = golden.Manifest.GetProperty("weights").GetProperty("prefix").GetString()!;
        var encoder = new ObjectTransformer(config.ObjectConfig, config.ProjectionDim);
        ModelWeights.LoadStrictly(encoder, golden.Weights().Where(w => w.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(w => w.Key[prefix.Length..], w => w.Value));
        encoder.eval();
        var (x, mask) = (golden.In("x"), golden.In("x_mask"));

        golden.Check("tokens_in", encoder.Embed(x));
        var blocks = Enumerable.Range(0, config.ObjectConfig.Depth).ToDictionary(i => $"blocks.{i}", i => $"block_{i}");
        var parts = GoldenModel.Capture(encoder, blocks.Keys, () => Check("", x, mask));
        foreach (var (part, output) in blocks) golden.Check(output, parts[part]);
        Check("b1.", x.narrow(0, 0, 1), mask.narrow(0, 0, 1));
        Check("nomask.", x, ones_like(mask));
        if (golden.Has("short.x")) Check("short.", golden.In("short.x"), golden.In("short.x_mask"));

        void Check(string output, Tensor objects, Tensor objectMask)
        {
            var (tokens, tokenMask) = encoder.call(objects, objectMask);
            golden.Check(output + "y", tokens);
            golden.Check(output + "mask", tokenMask);
        }
    });

    [Theory, GoldenCases("03_retrieval")]
    public void ObjectRelation_WhenGivenPairs_GivesThePublishedEmbeddings(string name) => GoldenCase.Verify(name, golden =>
    {
        using var mode = inference_mode();
        var model = golden.Load(new ObjectRelation(golden.ModelConfig()));

        var output = model.call(golden.In("input_ids"), golden.In("attention_mask"), golden.In("object"), golden.In("object_mask"));

        golden.Check("global_text_embeddings", output.GlobalText);
        golden.Check("local_text_embeddings", output.LocalText);
        golden.Check("global_object_embeddings", output.GlobalObject);
        golden.Check("local_object_embeddings", output.LocalObject);
        golden.Check("object_mask", output.ObjectMask);
        golden.Check("global_sim", GlobalSimilarity.Cosine(output.GlobalText, output.GlobalObject));
    });

    [Theory, GoldenCases("03_qa")]
    public void ObjectQARelation_WhenAskedAboutVideos_GivesThePublishedLogitsAndAttention(string name) => GoldenCase.Verify(name, golden =>
    {
        using var mode = inference_mode();
        var model = golden.Load(new ObjectQARelation(golden.ModelConfig()));
        var (ids, mask, objects, objectMask) = (golden.In("input_ids"), golden.In("attention_mask"), golden.In("object"), golden.In("object_mask"));

        var output = model.call(ids, mask, objects, objectMask);
        golden.Check("logits", output.Logits);
        golden.Check("attention", output.Attention.unsqueeze(-1));

        var text = model.EncodeText(ids, mask);
        var question = model.Question(text, mask);
        var (tokens, _) = model.EncodeObjects(objects, objectMask);
        golden.Check("text_embeddings", text);
        golden.Check("text_max", question);
        golden.Check("object_embeddings", tokens);
        var attention = (RegionAttention)model.named_modules().Single(m => m.name == "head.v_att").module;
        golden.Check("attention_logits", attention.Logits(tokens.narrow(1, 1, tokens.shape[1] - 1), question, objectMask.flatten(1)).unsqueeze(-1));
    });

    [Theory, GoldenCases("03_multiple_choice")]
    public void MultipleChoice_ScoredAsMeantAndAsPublished_GivesThePublishedScoresAndPredictions(string name) => GoldenCase.Verify(name, golden =>
    {
        using var mode = inference_mode();
        var config = golden.ModelConfig();
        var model = golden.Load(new ObjectRelation(config));
        var (meant, published, local) = (golden.Expect("prediction_if_global_were_used_properly"), golden.Expect("predicted_option"), golden.Expect("prediction_from_local_only"));
        var truth = golden.Expect("ground_truth");
        var (chosen, right) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        foreach (var q in golden.Inputs.Select(i => i.Split('.')[0]).Distinct().ToList())
        {
            var (ids, mask, objects, objectMask) = (golden.In(q + ".input_ids"), golden.In(q + ".attention_mask"), golden.In(q + ".object"), golden.In(q + ".object_mask"));
            var options = ids.shape[0];
            var scores = MultipleChoice.Score(model, config, ids, mask, objects, objectMask);
            var pairs = model.call(ids, mask, objects.expand(options, -1, -1, -1).contiguous(), objectMask.expand(options, -1, -1).contiguous());
            var alignment = golden.Alignment().Similarity(pairs.LocalObject, pairs.ObjectMask, pairs.LocalText, GoldenModel.WordMask(mask));

            golden.Check(q + ".global_sim", GlobalSimilarity.Cosine(pairs.GlobalText, pairs.GlobalObject));
            golden.Check(q + ".local_sim", alignment);
            golden.Check(q + ".score_row0", scores.ReferenceCompatible);
            Choice(published, q, scores.ReferenceCompatible);
            Choice(local, q, alignment[0]);
            Choice(meant, q, scores.Scores);
            chosen[q] = (int)scores.ReferenceCompatible.argmax().item<long>();
            if (truth is { } answers) right[q] = answers.GetProperty(q).GetInt32();
        }
        if (golden.Expect("metric") is { } metric)
            golden.Same("mc_accuracy", metric.GetProperty("mc_accuracy").GetString(), MetricsGoldenTests.Percent(DemoVlp.Modeling.VideoLanguage.Evaluation.MultipleChoiceMetrics.Compute(right, chosen)));
        golden.NoResult("focal_threshold_margin", "row0_global_spread");

        void Choice(JsonElement? expected, string q, Tensor scores)
        {
            if (expected is { } choice) golden.Same(q, choice.GetProperty(q).GetInt64(), scores.argmax().item<long>());
        }
    });
}
