using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.Modeling.VideoLanguage.Inference;
using TorchSharp.Modules;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>What bfloat16 may change for those who search, and what it must not.</summary>
public sealed class PrecisionTests
{
    private const double Alike = 0.999;

    [Fact]
    public void Embeddings_OfAModelLoadedInBFloat16_PointWhereThoseInFloat32Do()
    {
        using var folder = new TemporaryFolder();
        ModelDirectory.CreateTiny(folder.Path, Vocabulary, FeatureDim, seed: 4, numFrames: 3, objectNum: 4);
        using RetrievalModel exact = RetrievalModel.Load(folder.Path), rounded = RetrievalModel.Load(folder.Path, precision: ComputePrecision.BFloat16);

        foreach (var thing in Enumerable.Range(0, Things))
        {
            var (video, text) = (Video(thing, thing), Text(thing));
            var (one, other) = (exact.EmbedVideo(video).Global, rounded.EmbedVideo(video).Global);
            Assert.NotEqual(one, other); // Otherwise nothing was rounded.
            Assert.True(Cosine(tensor(one), tensor(other)) > Alike);
            Assert.Equal(exact.EmbedText(text).Global, rounded.EmbedText(text).Global);
        }
    }

    [Theory, GoldenCases("01_text_encoder")]
    public void GoldenTexts_InBFloat16_PointWhereThoseInFloat32Do(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        using var mode = inference_mode();
        var config = golden.ModelConfig();
        using var model = golden.Load<TorchSharp.torch.nn.Module>(config.NumLabels > 0 ? new ObjectQARelation(config) : new ObjectRelation(config));
        Tensor Encode() => ((IObjectRelation)model).EncodeText(golden.In("input_ids"), golden.In("attention_mask")).select(1, 0);
        var exact = Encode();
        // As in training; a model loaded in bfloat16 reads texts in float32.
        using (Autocast.Use(ComputePrecision.BFloat16)) AssertAlike(exact, Encode());
        Autocast.ConvertWeights(model);
        AssertSame(exact, Encode());
    }

    [Theory, GoldenCases("02_object")]
    public void GoldenVideos_InBFloat16_PointWhereThoseInFloat32Do(string name)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenCase.Open(name);
        using var mode = inference_mode();
        var config = golden.ModelConfig();
        var prefix = golden.Manifest.GetProperty("weights").GetProperty("prefix").GetString()!;
        using var encoder = new ObjectTransformer(config.ObjectConfig, config.ProjectionDim);
        ModelWeights.LoadStrictly(encoder, golden.Weights().Where(w => w.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(w => w.Key[prefix.Length..], w => w.Value));
        encoder.eval();
        Tensor Encode() => encoder.call(golden.In("x"), golden.In("x_mask")).Tokens.select(1, 0);
        var exact = Encode();
        using (Autocast.Use(ComputePrecision.BFloat16)) AssertAlike(exact, Encode());
        Autocast.ConvertWeights(encoder);
        AssertAlike(exact, Encode());
    }

    [Fact]
    public void Save_OfAModelLoadedInBFloat16_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var config = ModelDirectory.CreateTiny(folder.Path, Vocabulary, FeatureDim);
        using var loaded = ModelDirectory.Load(folder.Path, precision: ComputePrecision.BFloat16);
        var before = File.ReadAllBytes(folder.File("model.safetensors"));

        Assert.Equal("model-precision", Assert.Throws<ModelFormatException>(() => ModelDirectory.Save(folder.Path, config, loaded.Network, Vocabulary)).Code);
        Assert.Equal("model-precision", Assert.Throws<ModelFormatException>(() => ReferenceExport.Write(folder.File("export.safetensors"), config, loaded.Network)).Code);
        Assert.Equal(before, File.ReadAllBytes(folder.File("model.safetensors")));
        Assert.False(File.Exists(folder.File("export.safetensors")));
    }

    [Fact]
    public void Region_AfterAnException_IsAsBefore()
    {
        using var scope = NewDisposeScope();
        var (layer, x) = Layer();
        var exact = Autocast.Linear(layer, x);
        using (Autocast.Use(ComputePrecision.BFloat16))
        {
            Assert.Throws<InvalidOperationException>(Fail);
            AssertSame(Rounded(layer, x), Autocast.Linear(layer, x)); // The outer region goes on.
        }
        AssertSame(exact, Autocast.Linear(layer, x));

        static void Fail()
        {
            using var region = Autocast.Use(ComputePrecision.Float32);
            throw new InvalidOperationException();
        }
    }

    [Fact]
    public void Region_OfOneThread_ChangesNothingOnAnother()
    {
        using var scope = NewDisposeScope();
        var (layer, x) = Layer();
        var exact = Autocast.Linear(layer, x);
        using var region = Autocast.Use(ComputePrecision.BFloat16);
        Tensor? elsewhere = null;
        var thread = new Thread(() => elsewhere = Autocast.Linear(layer, x));
        thread.Start();
        thread.Join();
        using (elsewhere) AssertSame(exact, elsewhere!);
        AssertSame(Rounded(layer, x), Autocast.Linear(layer, x));
    }

    private static (Linear Layer, Tensor X) Layer()
    {
        manual_seed(3);
        return (nn.Linear(16, 8), randn(4, 16));
    }

    private static Tensor Rounded(Linear layer, Tensor x) =>
        nn.functional.linear(x.to_type(ScalarType.BFloat16), layer.weight.to_type(ScalarType.BFloat16), layer.bias!.to_type(ScalarType.BFloat16)).to_type(ScalarType.Float32);

    private static void AssertSame(Tensor expected, Tensor actual) => Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());

    private static void AssertAlike(Tensor exact, Tensor rounded)
    {
        Assert.NotEqual(exact.data<float>().ToArray(), rounded.data<float>().ToArray());
        for (var i = 0; i < exact.shape[0]; i++) Assert.True(Cosine(exact[i], rounded[i]) > Alike, $"Row {i}: {Cosine(exact[i], rounded[i])}");
    }

    private static double Cosine(Tensor a, Tensor b) => nn.functional.cosine_similarity(a, b, dim: 0).item<float>();
}
