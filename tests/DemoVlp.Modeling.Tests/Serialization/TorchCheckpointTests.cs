using System.IO.Compression;
using System.Text;
using System.Text.Json;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.Tests.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Serialization;

public sealed class TorchCheckpointTests
{
    private static readonly string Weights = GoldenCase.Path_("weights");

    [Theory]
    [InlineData("retrieval_f4n5.pth", "retrieval_f4n5.safetensors")]
    [InlineData("qa_f4n5.pth", "qa_f4n5.safetensors")]
    [InlineData("retrieval_f1n6_legacy.pth", "retrieval_f1n6.safetensors")]
    [InlineData("tiny_reference_checkpoint.pth", "tiny_reference_checkpoint.safetensors")]
    public void Load_OfACheckpointOfPyTorch_GivesItsWeightsBitForBit(string file, string values)
    {
        using var scope = NewDisposeScope();
        Same(Safetensors.Load(Path.Combine(Weights, values)), ReferenceCheckpoint.Load(Path.Combine(Weights, file)));
    }

    [Theory]
    [InlineData("odd_tensors.pth")]
    [InlineData("odd_tensors_legacy.pth")]
    public void Open_OfOddTensorsAndValues_GivesThemAll(string file)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = TorchCheckpoint.Open(Path.Combine(Weights, file));
        var actual = checkpoint.Tensors("state_dict").ToDictionary(t => t.Key, t => t.Value.dtype == ScalarType.BFloat16 ? t.Value.to_type(ScalarType.Float32) : t.Value);
        foreach (var (name, value) in checkpoint.Tensors("nested", "x")) actual.Add("nested.x." + name, value);
        Same(Safetensors.Load(Path.Combine(Weights, "odd_tensors.safetensors")), actual);

        var scalars = GoldenCase.Open("00_checkpoints").Expected.GetProperty("odd_scalars");
        foreach (var scalar in scalars.EnumerateObject()) SameValue(scalar.Value, checkpoint.Find(scalar.Name));
    }

    [Fact]
    public void Open_OfAReferenceCheckpoint_ReadsItsOptimizerAndSkipsItsClasses()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = TorchCheckpoint.Open(Path.Combine(Weights, "tiny_reference_checkpoint.pth"));
        Assert.Equal("DistributedDataParallel", checkpoint.Find("arch"));
        Assert.Equal(3L, checkpoint.Find("epoch"));
        Assert.Equal(1.25, checkpoint.Find("monitor_best"));
        Assert.Equal("parse_config_dist_multi ConfigParser", Assert.IsType<PickleOpaque>(checkpoint.Find("config")).Name);
        var moments = Safetensors.Load(Path.Combine(Weights, "tiny_reference_checkpoint_optimizer.safetensors"));
        foreach (var (name, value) in moments)
        {
            var parts = name.Split('.');
            var tensor = checkpoint.Find("optimizer", "state", long.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), parts[1]);
            Assert.True(value.equal(checkpoint.Materialise(Assert.IsType<PickleTensor>(tensor))).all().item<bool>(), name);
        }
        Assert.Equal(140, moments.Count);
    }

    [Theory]
    [InlineData("cos\nsystem\n(X\x02\0\0\0idtR.", "os system")]
    [InlineData("cbuiltins\neval\n(X\x03\0\0\0" + "1+1tR.", "builtins eval")]
    public void Open_OfAPickleThatCallsSomething_NamesItAndCallsNothing(string pickle, string name)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = TorchCheckpoint.Open(Zip(folder, pickle));
        Assert.Equal(name, Assert.IsType<PickleOpaque>(checkpoint.Root).Name);
    }

    [Theory]
    [InlineData("\x80\x02")] // ends too early
    [InlineData("t.")] // no mark
    [InlineData("h\x05.")] // nothing remembered
    [InlineData("(NuN.")] // odd pairs
    [InlineData("X\xff\xff\xff\x7f.")] // a text of 2 GB
    [InlineData("\xff.")] // unknown operation
    [InlineData("0.")]
    [InlineData("NQ.")] // unknown reference
    public void Open_OfADamagedPickle_Refuses(string pickle)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("checkpoint-malformed", Assert.Throws<ModelFormatException>(() => TorchCheckpoint.Open(Zip(folder, pickle))).Code);
    }

    [Theory]
    [InlineData(4, 0, "(K\x02K\x02t", "(K\x02K\x01t", true)] // 2 x 2 of 4 floats
    [InlineData(4, 1, "(K\x02K\x02t", "(K\x02K\x01t", false)] // one beyond the end
    [InlineData(4, 0, "(K\x02K\x02t", "(K\x03K\x01t", false)] // strides beyond the end
    [InlineData(4, 0, "(J\xff\xff\xff\xff" + "t", "(K\x01t", false)] // a negative size
    [InlineData(4, 0, "(J\0\0\0\x40J\0\0\0\x40t", "(K\0K\0t", false)] // 2^60 copies of one number
    [InlineData(4, 0, "(J\0\0\0\x40t", "(K\0t", false)] // 2^30 copies
    [InlineData(8, 0, "(K\x02t", "(K\x01t", false)] // fewer bytes than declared
    public void Materialise_WhenAViewLies_Refuses(byte elements, byte offset, string shape, string strides, bool valid)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var pickle = $"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\00X\x03\0\0\0cpuK{(char)elements}tQK{(char)offset}{shape}{strides}\x89NtR.";
        using var checkpoint = TorchCheckpoint.Open(Zip(folder, pickle, new byte[16]));
        var tensor = Assert.IsType<PickleTensor>(checkpoint.Root);
        if (valid) Assert.Equal([2, 2], checkpoint.Materialise(tensor).shape);
        else Assert.Equal("checkpoint-malformed", Assert.Throws<ModelFormatException>(() => checkpoint.Materialise(tensor)).Code);
    }

    [Fact]
    public void Open_OfCutFiles_RefusesEach()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "odd_tensors.pth", "odd_tensors_legacy.pth" })
        {
            var whole = File.ReadAllBytes(Path.Combine(Weights, file));
            for (var length = 0; length < whole.Length - 1; length += 61)
            {
                File.WriteAllBytes(folder.File("cut.pth"), whole[..length]);
                Assert.Throws<ModelFormatException>(() =>
                {
                    using var checkpoint = TorchCheckpoint.Open(folder.File("cut.pth"));
                    checkpoint.Tensors("state_dict");
                });
            }
        }
    }

    [Theory]
    [InlineData("odd_tensors.pth")]
    [InlineData("odd_tensors_legacy.pth")]
    public void Open_WhenAnyByteIsWrong_RefusesOrReadsButNeverFailsOtherwise(string file)
    {
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(Path.Combine(Weights, file));
        for (var position = 0; position < whole.Length; position += 7)
        {
            using var scope = NewDisposeScope();
            var damaged = (byte[])whole.Clone();
            damaged[position] ^= 0x55;
            File.WriteAllBytes(folder.File("damaged.pth"), damaged);
            var fault = Record.Exception(() =>
            {
                using var checkpoint = TorchCheckpoint.Open(folder.File("damaged.pth"));
                checkpoint.Tensors("state_dict");
            });
            Assert.True(fault is null or ModelFormatException, $"byte {position}: {fault}");
        }
    }

    [Theory]
    [InlineData(TemporalFix.Zeros, "e2e_zeros.")]
    [InlineData(TemporalFix.Bilinear, "e2e_bilinear.")]
    public void Import_OfAPublishedCheckpoint_GivesAModelWithItsArchitectureAndScores(TemporalFix fix, string outputs)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var vocabulary = Enumerable.Range(0, 200).Select(i => $"t{i}").ToArray();

        var config = ReferenceCheckpoint.Import(Path.Combine(Weights, "retrieval_f4n5.pth"), folder.Path, vocabulary, options: new ImportOptions { HeadWidth = 16, NumFrames = 8, TemporalFix = fix });

        Assert.Equal((8, 5, 3, 4, 32, 16), (config.ObjectConfig.NumFrames, config.ObjectConfig.ObjectNum, config.ObjectConfig.Depth, config.ObjectConfig.NumHeads, config.ObjectConfig.FeatureDim, config.ProjectionDim));
        using var model = ModelDirectory.Load(folder.Path);
        using var mode = inference_mode();
        var golden = GoldenCase.Open("07_temporal_inflation");
        var output = ((ObjectRelation)model.Network).call(golden.In("e2e.input_ids"), golden.In("e2e.attention_mask"), golden.In("e2e.object"), golden.In("e2e.object_mask"));
        Near(outputs + "global_text_embeddings", output.GlobalText);
        Near(outputs + "global_object_embeddings", output.GlobalObject);
        Near(outputs + "local_object_embeddings", output.LocalObject);

        void Near(string name, Tensor actual) => Assert.True((golden.Out(name) - actual).abs().max().item<float>() < 5e-5f, name);
    }

    [Fact]
    public void Import_OfAQuestionCheckpoint_NeedsItsAnswers()
    {
        using var folder = new TemporaryFolder();
        var vocabulary = Enumerable.Range(0, 200).Select(i => $"t{i}").ToArray();
        var options = new ImportOptions { HeadWidth = 16 };
        var path = Path.Combine(Weights, "qa_f4n5.pth");
        Assert.Equal("answers-mismatch", Assert.Throws<ModelFormatException>(() => ReferenceCheckpoint.Import(path, folder.Path, vocabulary, options: options)).Code);
        Assert.Equal("vocabulary-mismatch", Assert.Throws<ModelFormatException>(() => ReferenceCheckpoint.Import(path, folder.Path, vocabulary[1..], options: options)).Code);
        Assert.Equal("checkpoint-foreign", Assert.Throws<ModelFormatException>(() => ReferenceCheckpoint.Import(Path.Combine(Weights, "odd_tensors.pth"), folder.Path, vocabulary)).Code);
        ReferenceCheckpoint.Import(path, folder.Path, vocabulary, [.. Enumerable.Range(0, 10).Select(i => $"answer {i}")], options);
        using var model = ModelDirectory.Load(folder.Path);
        Assert.IsType<ObjectQARelation>(model.Network);
    }

    private static string Zip(TemporaryFolder folder, string pickle, byte[]? storage = null)
    {
        var path = folder.File("crafted.pth");
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        Write("archive/data.pkl", Encoding.Latin1.GetBytes(pickle));
        if (storage is not null) Write("archive/data/0", storage);
        return path;

        void Write(string name, byte[] bytes)
        {
            using var entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }

    private static void Same(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual)
    {
        string Plain(string key) => key.StartsWith("module.", StringComparison.Ordinal) ? key["module.".Length..] : key;
        Assert.Equal(expected.Keys.Select(Plain).Order(StringComparer.Ordinal), actual.Keys.Select(Plain).Order(StringComparer.Ordinal));
        var byKey = actual.ToDictionary(t => Plain(t.Key), t => t.Value);
        foreach (var (key, value) in expected)
        {
            var other = byKey[Plain(key)];
            Assert.Equal((value.dtype, string.Join(',', value.shape)), (other.dtype, string.Join(',', other.shape)));
            Assert.True(value.bytes.SequenceEqual(other.bytes), key);
        }
    }

    private static void SameValue(JsonElement expected, object? actual)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Null: Assert.Null(actual); break;
            case JsonValueKind.String: Assert.Equal(expected.GetString(), actual); break;
            case JsonValueKind.True: Assert.Equal(true, actual); break;
            case JsonValueKind.Number when actual is long number: Assert.Equal(expected.GetInt64(), number); break;
            case JsonValueKind.Number: Assert.Equal(expected.GetDouble(), actual); break;
            default:
                var items = actual as IEnumerable<object?> ?? [];
                Assert.Equal(expected.GetArrayLength(), items.Count());
                foreach (var (item, value) in expected.EnumerateArray().Zip(items)) SameValue(item, value);
                break;
        }
    }
}
