using System.Globalization;
using System.Text.Json;
using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Import;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

[Trait("Category", "parity")]
public sealed class CheckpointGoldenTests
{
    [Theory, GoldenCases("00_checkpoints")]
    public void Checkpoints_OfEveryFormat_GiveTheirWeightsAndValuesBitForBit(string name) => GoldenCase.Verify(name, golden =>
    {
        var scalars = golden.Expect("odd_scalars");
        foreach (var file in golden.Expect("files")!.Value.EnumerateObject())
        {
            using var checkpoint = TorchCheckpoint.Open(GoldenSet.File_("weights", file.Name));
            var zip = File.ReadAllBytes(GoldenSet.File_("weights", file.Name)).AsSpan(0, 4).SequenceEqual("PK\u0003\u0004"u8);
            golden.Same($"{file.Name} is a zip", file.Value.GetProperty("format").GetString() == "zip", zip);
            // "x.safetensors (remarks)"
            var values = Safetensors.Load(GoldenSet.File_("weights", file.Value.GetProperty("values").GetString()!.Split(' ')[0]));
            var odd = values.Keys.Any(k => k.StartsWith("nested.", StringComparison.Ordinal));
            SameTensors(golden, file.Name, values, odd ? Odd(checkpoint) : ReferenceCheckpoint.Load(GoldenSet.File_("weights", file.Name)));
            if (odd && scalars is { } all)
                foreach (var scalar in all.EnumerateObject()) SameValue(golden, $"{file.Name} {scalar.Name}", scalar.Value, checkpoint.Find(scalar.Name));
            if (file.Value.TryGetProperty("top_level", out var top)) SameValue(golden, $"{file.Name} epoch", top.GetProperty("epoch"), checkpoint.Find("epoch"));
            if (file.Value.TryGetProperty("top_level_keys", out _)) CheckReference(golden, file.Value, checkpoint);
            if (file.Value.TryGetProperty("written_by", out _) && golden.Expect("tiny_arch") is { } arch) CheckArchitecture(golden, arch, file.Name);
        }
        golden.NoResult("tiny_arch"); // Compared above where the set has a file written by the reference itself.
    });

    [Theory, GoldenCases("07_temporal_inflation")]
    public void TemporalEmbedding_ForMoreAndFewerFrames_IsResizedAsPublished(string name) => GoldenCase.Verify(name, golden =>
    {
        foreach (var entry in golden.Expect("cases")!.Value.EnumerateObject()) // f1_to_f4_zeros
        {
            var input = golden.In(entry.Name[..entry.Name.LastIndexOf('_')]);
            golden.Same($"{entry.Name} frames", entry.Value.GetProperty("loaded_frames").GetInt64(), input.shape[1]);
            golden.Check(entry.Name, TemporalEmbedding.Resize(input, entry.Value.GetProperty("model_frames").GetInt32(), Fix(entry.Value.GetProperty("fix").GetString()!)), 1e-6);
        }
        var vocabulary = Enumerable.Range(0, golden.ModelConfig().TextConfig.VocabSize).Select(i => $"t{i}").ToArray();
        foreach (var prefix in golden.Outputs.Where(o => o.StartsWith("e2e_", StringComparison.Ordinal)).Select(o => o.Split('.')[0]).Distinct().ToList())
            CheckLoaded(golden, prefix, Fix(prefix["e2e_".Length..]), vocabulary);
        if (golden.Expect("retrieval_checkpoint_into_qa_model") is { } partial) CheckPartial(golden, partial);
        // The published code refuses a checkpoint with another number of regions, and so does a model of another number.
        golden.Expect("checkpoint_with_other_object_num");
        var config = golden.ModelConfig();
        using var other = new ObjectRelation(config with { ObjectConfig = config.ObjectConfig with { ObjectNum = config.ObjectConfig.ObjectNum + 1 } });
        golden.Same("another number of regions", "weights-mismatch", (Record.Exception(() => ModelWeights.LoadStrictly(other, golden.Weights())) as ModelFormatException)?.Code);
    });

    /// <summary>A checkpoint taken over into a model with more frames: the scores are the published ones.</summary>
    private static void CheckLoaded(GoldenCase golden, string prefix, TemporalFix fix, string[] vocabulary)
    {
        using var folder = new TemporaryFolder();
        using var mode = inference_mode();
        var config = golden.ModelConfig();
        var (frames, textWidth, videoWidth) = ((int)golden.In("e2e.object").shape[1], config.TextConfig.Dim / config.TextConfig.NHeads, config.ObjectConfig.EmbedDim / config.ObjectConfig.NumHeads);
        var options = new ImportOptions { HeadWidth = videoWidth, NumFrames = frames, TemporalFix = golden.Config.TryGetProperty("retrieval_default_fix", out var usual) && Fix(usual.GetString()!) == fix ? null : fix };
        ObjectRelation network;
        if (textWidth == videoWidth)
        {
            var imported = ReferenceCheckpoint.Import(GoldenSet.File_("cases", golden.Manifest.GetProperty("weights").GetProperty("file").GetString()!), folder.Path, vocabulary, options: options);
            golden.Same($"{prefix} architecture", config.ObjectConfig with { NumFrames = frames }, imported.ObjectConfig);
            golden.Same($"{prefix} text architecture", config.TextConfig, imported.TextConfig);
            network = (ObjectRelation)ModelDirectory.Load(folder.Path).Network;
        }
        else
        {
            // A checkpoint does not tell its heads, and Import takes one width for both encoders, as all published models have.
            network = new ObjectRelation(config with { ObjectConfig = config.ObjectConfig with { NumFrames = frames } });
            var weights = golden.Weights().ToDictionary(w => w.Key, w => w.Value);
            weights["object_model.temporal_embed"] = TemporalEmbedding.Resize(weights["object_model.temporal_embed"], frames, fix);
            ModelWeights.LoadStrictly(network, weights);
            network.eval();
        }
        using (network)
        {
            var output = network.call(golden.In("e2e.input_ids"), golden.In("e2e.attention_mask"), golden.In("e2e.object"), golden.In("e2e.object_mask"));
            golden.Check(prefix + ".temporal_embed", ModelWeights.Of(network).Single(w => w.Name == "object_model.temporal_embed").Value, 1e-6);
            golden.Check(prefix + ".global_text_embeddings", output.GlobalText);
            golden.Check(prefix + ".global_object_embeddings", output.GlobalObject);
            golden.Check(prefix + ".local_object_embeddings", output.LocalObject);
        }
    }

    private static void CheckPartial(GoldenCase golden, JsonElement expected)
    {
        using var answering = new ObjectQARelation(golden.ModelConfig().ForQuestionAnswering(3));
        var weights = golden.Weights();
        var before = ModelWeights.Of(answering).ToDictionary(w => w.Name, w => w.Value.detach().clone());
        var taken = ModelWeights.LoadMatching(answering, weights);
        var kept = ModelWeights.Of(answering).Where(w => !weights.ContainsKey(w.Name)).ToList();
        golden.SameList("keys kept at initialisation", expected.GetProperty("keys_kept_at_init").EnumerateArray().Select(k => k.GetString()!).Order(StringComparer.Ordinal), kept.Select(k => k.Name).Order(StringComparer.Ordinal));
        golden.Same("all other keys loaded", expected.GetProperty("all_other_keys_loaded").GetBoolean(), taken == weights.Count
            && ModelWeights.Of(answering).All(w => w.Value.equal(weights.TryGetValue(w.Name, out var loaded) ? loaded : before[w.Name]).all().item<bool>()));
    }

    /// <summary>What else stands in a checkpoint of the published trainer.</summary>
    private static void CheckReference(GoldenCase golden, JsonElement expected, TorchCheckpoint checkpoint)
    {
        golden.SameList("keys", expected.GetProperty("top_level_keys").EnumerateArray().Select(k => k.GetString()!), ((PickleDictionary)checkpoint.Root!).Select(k => (string)k.Key));
        foreach (var key in new[] { "arch", "epoch", "monitor_best" }) SameValue(golden, key, expected.GetProperty(key), checkpoint.Find(key));
        golden.Same("config is no plain value", true, checkpoint.Find("config") is PickleOpaque);
        var group = ((IEnumerable<object?>)checkpoint.Find("optimizer", "param_groups")!).Cast<PickleDictionary>().First();
        foreach (var option in expected.GetProperty("optimizer.param_groups[0]").EnumerateObject()) SameValue(golden, option.Name, option.Value, group[option.Name]);
        golden.Same("parameters", expected.GetProperty("optimizer.param_count").GetInt32(), ((IEnumerable<object?>)group["params"]!).Count());
        var state = (PickleDictionary)checkpoint.Find("optimizer", "state")!;
        golden.Same("states", expected.GetProperty("optimizer.state_count").GetInt32(), state.Count);
        foreach (var (index, entry) in state) SameValue(golden, $"step {index}", expected.GetProperty("optimizer.state_step"), ((PickleDictionary)entry!)["step"]);
        var moments = Safetensors.Load(GoldenSet.File_("weights", expected.GetProperty("optimizer_values").GetString()!.Split(' ')[0]));
        SameTensors(golden, "optimizer", moments, moments.Keys.ToDictionary(k => k, k =>
            checkpoint.Materialise((PickleTensor)((PickleDictionary)state[long.Parse(k.Split('.')[0], CultureInfo.InvariantCulture)]!)[k.Split('.')[1]]!)));
        golden.Same("moments", 2 * state.Count, moments.Count);
    }

    private static void CheckArchitecture(GoldenCase golden, JsonElement arch, string file)
    {
        int Of(string side, string name) => arch.GetProperty(side).GetProperty(name).GetInt32();
        var config = ReferenceCheckpoint.Configuration(ReferenceCheckpoint.Load(GoldenSet.File_("weights", file)), new ImportOptions { HeadWidth = Of("object", "embed_dim") / Of("object", "heads") });
        golden.SameList("object encoder", [Of("object", "embed_dim"), Of("object", "depth"), Of("object", "heads"), Of("object", "feat_dim"), Of("object", "out_dim"), arch.GetProperty("num_frames").GetInt32(), arch.GetProperty("object_num").GetInt32()],
            [config.ObjectConfig.EmbedDim, config.ObjectConfig.Depth, config.ObjectConfig.NumHeads, config.ObjectConfig.FeatureDim, config.ProjectionDim, config.ObjectConfig.NumFrames, config.ObjectConfig.ObjectNum]);
        golden.SameList("text encoder", [Of("text", "vocab_size"), Of("text", "dim"), Of("text", "n_layers"), Of("text", "hidden_dim"), Of("text", "max_position_embeddings")],
            [config.TextConfig.VocabSize, config.TextConfig.Dim, config.TextConfig.NLayers, config.TextConfig.HiddenDim, config.TextConfig.MaxPositionEmbeddings]);
    }

    private static Dictionary<string, Tensor> Odd(TorchCheckpoint checkpoint)
    {
        var tensors = checkpoint.Tensors("state_dict").ToDictionary(t => t.Key, t => t.Value.dtype == ScalarType.BFloat16 ? t.Value.to_type(ScalarType.Float32) : t.Value);
        foreach (var (name, value) in checkpoint.Tensors("nested", "x")) tensors.Add("nested.x." + name, value);
        return tensors;
    }

    private static TemporalFix Fix(string name) => Enum.Parse<TemporalFix>(name, ignoreCase: true);

    private static void SameTensors(GoldenCase golden, string what, IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual)
    {
        static string Plain(string key) => key.StartsWith("module.", StringComparison.Ordinal) ? key["module.".Length..] : key;
        golden.SameList($"{what} keys", expected.Keys.Select(Plain).Order(StringComparer.Ordinal), actual.Keys.Select(Plain).Order(StringComparer.Ordinal));
        var byKey = actual.ToDictionary(t => Plain(t.Key), t => t.Value);
        foreach (var (key, value) in expected)
        {
            if (!byKey.TryGetValue(Plain(key), out var other)) continue;
            if (value.dtype != other.dtype || !value.shape.SequenceEqual(other.shape) || !value.bytes.SequenceEqual(other.bytes)) golden.Fault($"{what} {key} is not the same");
        }
    }

    private static void SameValue(GoldenCase golden, string what, JsonElement expected, object? actual)
    {
        var same = expected.ValueKind switch
        {
            JsonValueKind.Null => actual is null,
            JsonValueKind.String => actual is string text && text == expected.GetString(),
            JsonValueKind.True or JsonValueKind.False => actual is bool truth && truth == expected.GetBoolean(),
            JsonValueKind.Number => actual is long number ? expected.GetDouble() == number : actual is double real && real.Equals(expected.GetDouble()),
            _ => actual is IEnumerable<object?> items && expected.GetArrayLength() == items.Count(),
        };
        if (!same) golden.Fault($"{what}: {actual ?? "null"} instead of {expected}");
        else if (expected.ValueKind == JsonValueKind.Array)
            foreach (var (item, value) in expected.EnumerateArray().Zip((IEnumerable<object?>)actual!)) SameValue(golden, what, item, value);
    }
}
