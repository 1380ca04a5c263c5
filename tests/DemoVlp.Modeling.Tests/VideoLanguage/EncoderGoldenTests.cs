using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class EncoderGoldenTests
{
    [Fact]
    public void DistilBert_WhenTextsArePadded_GivesThePublishedHiddenStates()
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var golden = GoldenCase.Open("01_text_encoder");
        var encoder = golden.Load(new DistilBert(golden.ModelConfig().TextConfig), "text_model.");
        golden.Check("last_hidden_state", encoder.call(golden.In("input_ids"), golden.In("attention_mask")));
        golden.Check("single.last_hidden_state", encoder.call(golden.In("single.input_ids"), golden.In("single.attention_mask")));
    }

    [Theory]
    [InlineData("02_object_f1n6", "object_model.")]
    [InlineData("02_object_f4n5", "object_model.")]
    [InlineData("02_object_timeattn_f4n5", "")]
    public void ObjectTransformer_WhenFramesOrRegionsAreMissing_GivesThePublishedTokens(string name, string prefix)
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var golden = GoldenCase.Open(name);
        var config = golden.ModelConfig();
        var encoder = golden.Load(new ObjectTransformer(config.ObjectConfig, config.ProjectionDim), prefix);
        var (x, mask) = (golden.In("x"), golden.In("x_mask"));

        golden.Check("tokens_in", encoder.Embed(x));
        Check("", x, mask);
        Check("b1.", x.narrow(0, 0, 1), mask.narrow(0, 0, 1));
        Check("nomask.", x, ones_like(mask));
        if (golden.Outputs.Contains("short.y")) Check("short.", golden.In("short.x"), golden.In("short.x_mask"));

        void Check(string output, Tensor objects, Tensor objectMask)
        {
            var (tokens, tokenMask) = encoder.call(objects, objectMask);
            golden.Check(output + "y", tokens);
            golden.Check(output + "mask", tokenMask);
        }
    }

    [Theory]
    [InlineData("03_retrieval_f1n6")]
    [InlineData("03_retrieval_f4n5")]
    public void ObjectRelation_WhenGivenPairs_GivesThePublishedEmbeddings(string name)
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var golden = GoldenCase.Open(name);
        var model = golden.Load(new ObjectRelation(golden.ModelConfig()));

        var output = model.call(golden.In("input_ids"), golden.In("attention_mask"), golden.In("object"), golden.In("object_mask"));

        golden.Check("global_text_embeddings", output.GlobalText);
        golden.Check("local_text_embeddings", output.LocalText);
        golden.Check("global_object_embeddings", output.GlobalObject);
        golden.Check("local_object_embeddings", output.LocalObject);
        golden.Check("object_mask", output.ObjectMask);
        golden.Check("global_sim", GlobalSimilarity.Cosine(output.GlobalText, output.GlobalObject));
    }

    [Fact]
    public void ObjectQARelation_WhenAskedAboutVideos_GivesThePublishedLogitsAndAttention()
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var golden = GoldenCase.Open("03_qa_f4n5");
        var model = golden.Load(new ObjectQARelation(golden.ModelConfig()));
        var (ids, mask) = (golden.In("input_ids"), golden.In("attention_mask"));

        var output = model.call(ids, mask, golden.In("object"), golden.In("object_mask"));

        golden.Check("logits", output.Logits);
        golden.Check("attention", output.Attention.unsqueeze(-1));
        golden.Check("text_max", model.Question(model.EncodeText(ids, mask), mask));
    }

    [Fact]
    public void MultipleChoice_WhenScoredAsPublished_GivesThePublishedScoresAndPredictions()
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var golden = GoldenCase.Open("03_multiple_choice");
        var config = golden.ModelConfig();
        var model = golden.Load(new ObjectRelation(config));
        for (var i = 0; i < 4; i++)
        {
            var q = $"q{i}.";
            var scores = MultipleChoice.Score(model, config, golden.In(q + "input_ids"), golden.In(q + "attention_mask"), golden.In(q + "object"), golden.In(q + "object_mask"));

            golden.Check(q + "score_row0", scores.Reference);
            Assert.Equal(golden.Expected.GetProperty("predicted_option").GetProperty($"q{i}").GetInt64(), scores.Reference.argmax().item<long>());
            Assert.Equal(golden.Expected.GetProperty("prediction_if_global_were_used_properly").GetProperty($"q{i}").GetInt64(), scores.Scores.argmax().item<long>());
        }
    }
}
