using DemoVlp.Modeling.Serialization;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Modeling.VideoLanguage.Training;
using static TorchSharp.torch;

namespace DemoVlp.Benchmarks;

/// <summary>The <c>base</c> preset with random weights: both encoders, the alignment matrix and a training step, same weights and inputs on both sides.</summary>
internal sealed class VideoLanguageBenchmark : IDisposable
{
    private const int Videos = 8, Pairs = 16, AlignmentSize = 32, Tokens = 20;
    private static readonly ModelConfig Config = ModelConfig.Base;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("demovlp-benchmark-");
    private readonly Tensor ids, mask, values, objectMask, regions, regionMask, words, wordMask;
    private readonly List<RetrievalSample> batch = [];
    private readonly Peer peer;

    internal VideoLanguageBenchmark(string python, int threads)
    {
        manual_seed(1);
        using (var network = ModelDirectory.Create(Config, 1)) ModelDirectory.Save(folder.FullName, Config, network, [.. Enumerable.Range(0, Config.TextConfig.VocabSize).Select(i => $"w{i}")]);
        (ids, mask) = (randint(1000, 30000, [Videos, Tokens]), ones(Videos, Tokens, ScalarType.Int64));
        (values, objectMask) = (RandomObjects(Videos), ones(Videos, Config.ObjectConfig.NumFrames, Config.ObjectConfig.ObjectNum));
        var r = Config.ObjectConfig.NumFrames * Config.ObjectConfig.ObjectNum;
        (regions, regionMask) = (randn(AlignmentSize, r, Config.ProjectionDim), zeros(AlignmentSize, r));
        (words, wordMask) = (randn(AlignmentSize, Tokens - 1, Config.ProjectionDim), zeros(AlignmentSize, Tokens - 1));
        for (var i = 0; i < Pairs; i++) batch.Add(new RetrievalSample(RandomVideo.Frames(i, Config.ObjectConfig), [101, .. RandomVideo.Words(i, Tokens - 2), 102]));
        WriteInputs();
        peer = new Peer(python, "video_language_peer.py", folder.FullName, $"{threads}");
    }

    internal void Run(Comparison table)
    {
        foreach (var (precision, required) in new[] { (ComputePrecision.Float32, 1.0), (ComputePrecision.BFloat16, 2.0) })
        {
            using var loaded = ModelDirectory.Load(folder.FullName, precision: precision);
            var network = (ObjectRelation)loaded.Network;
            Infer($"object encoder, {Videos} videos x 8 x 30 regions, {Name(precision)}", "objects", () => network.EncodeObjects(values, objectMask), required);
            Infer($"text encoder, {Videos} texts of {Tokens} tokens, {Name(precision)}", "text", () => network.EncodeText(ids, mask), required);
        }
        var (masked, reference) = (new RegionWordAlignment(FocalType.Equal, PaddingRule.Masked), new RegionWordAlignment(FocalType.Equal, PaddingRule.Reference));
        Infer($"alignment matrix {AlignmentSize} x {AlignmentSize}, masked", "alignment", () => masked.Similarity(regions, regionMask, words, wordMask), 4.0);
        Infer($"alignment matrix {AlignmentSize} x {AlignmentSize}, reference", "alignment", () => reference.Similarity(regions, regionMask.to_type(ScalarType.Float64), words, wordMask));
        foreach (var (precision, required) in new[] { (ComputePrecision.Float32, 2.0), (ComputePrecision.BFloat16, 2.0) })
        {
            using var trainer = new RetrievalTrainer(ModelDirectory.Load(folder.FullName).Network, Config, new TrainingOptions { Precision = precision });
            table.Row($"training step, {Pairs} pairs, {Name(precision)}", () => peer.Measure("training"), () => trainer.Step(batch), required);
        }

        void Infer(string name, string peerCase, Action ours, double? required = null) => table.Row(name, () => peer.Measure(peerCase), () =>
        {
            using var scope = NewDisposeScope();
            using var mode = inference_mode();
            ours();
        }, required);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        peer.Dispose();
        folder.Delete(recursive: true);
    }

    private static string Name(ComputePrecision precision) => precision == ComputePrecision.Float32 ? "float32" : "bfloat16";

    private static Tensor RandomObjects(int count) =>
        rand(count, Config.ObjectConfig.NumFrames, Config.ObjectConfig.ObjectNum, Config.ObjectConfig.FeatureDim + ObjectTransformerConfig.PositionDim);

    private void WriteInputs()
    {
        using var scope = NewDisposeScope(); // Holds what is made on the way: a tensor nobody holds may be freed while it is read.
        var inputs = batch.Select(s => ObjectInput.Create(s.Frames, Config.ObjectConfig)).ToList();
        Safetensors.Save(Path.Combine(folder.FullName, "inputs.safetensors"),
        [
            ("text.ids", ids), ("text.mask", mask), ("object.values", values), ("object.mask", objectMask),
            ("rwa.regions", regions), ("rwa.region_mask", regionMask), ("rwa.words", words), ("rwa.word_mask", wordMask),
            ("train.ids", tensor(batch.SelectMany(s => s.TokenIds.Select(t => (long)t)).ToArray(), Pairs, Tokens)),
            ("train.mask", ones(Pairs, Tokens, ScalarType.Int64)),
            ("train.values", stack(inputs.Select(i => tensor(i.Values, i.Frames, i.Regions, i.Values.Length / i.Mask.Length)))),
            ("train.object_mask", stack(inputs.Select(i => tensor(i.Mask, i.Frames, i.Regions)))),
        ], new Dictionary<string, string>());
    }
}
