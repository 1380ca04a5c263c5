using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Benchmarks;

/// <summary>
/// Attention layers forward and backward: as one operation of torch (ours) against the same written out, for texts, and against taking a video's groups apart (decision 0020).
/// </summary>
internal static class AttentionBenchmark
{
    internal static void Run(Comparison comparison)
    {
        var tiny = ModelConfig.Tiny(2577, 256).TextConfig;
        Text(comparison, tiny, texts: 16, words: 14, times: 100);
        Text(comparison, tiny with { Dim = 768, NHeads = 12 }, texts: 16, words: 20, times: 10);
        foreach (var groups in Enum.GetValues<AttentionGroups>())
        {
            Video(comparison, groups, width: 128, heads: 4, videos: 16, frames: 8, regions: 4, times: 50);
            Video(comparison, groups, width: 768, heads: 12, videos: 4, frames: 8, regions: 10, times: 5);
            Video(comparison, groups, width: 768, heads: 12, videos: 4, frames: 8, regions: 30, times: 2);
        }
    }

    private static void Text(Comparison comparison, TextEncoderConfig config, int texts, int words, int times)
    {
        using var scope = NewDisposeScope();
        using var attention = new DistilBertAttention(config);
        Linear[] layers = [.. Enumerable.Range(0, 4).Select(_ => Linear(config.Dim, config.Dim))];
        var (mask, padding) = (zeros(texts, 1, 1, words), zeros(texts, 1, 1, words, ScalarType.Bool));
        Row(comparison, $"{texts} texts of {words} tokens, width {config.Dim}", times, [texts, words, config.Dim], WrittenOut, x => attention.call(x, mask));

        Tensor WrittenOut(Tensor x)
        {
            var (q, k, v) = (Split(layers[0].call(x)), Split(layers[1].call(x)), Split(layers[2].call(x)));
            var weights = q.Div(Math.Sqrt(q.shape[3])).matmul(k.transpose(2, 3)).MaskedFill(padding, double.NegativeInfinity).softmax(-1);
            return layers[3].call(weights.matmul(v).transpose(1, 2).flatten(2));
        }

        Tensor Split(Tensor x) => x.view(texts, words, config.NHeads, -1).transpose(1, 2);
    }

    private static void Video(Comparison comparison, AttentionGroups groups, int width, int heads, int videos, int frames, int regions, int times)
    {
        using var scope = NewDisposeScope();
        using var attention = new VarAttention(width, heads, groups);
        var tokens = 1 + frames * regions;
        var (grouped, whole) = (Mask(0), Mask(tokens));
        Row(comparison, $"{videos} videos of {frames} x {regions} regions, width {width}, {groups.ToString().ToLowerInvariant()}", times, [videos, tokens, width], x => attention.call(x, grouped), x => attention.call(x, whole));

        VideoMask Mask(int wholeUpTo) => new(zeros(videos, tokens), frames, wholeUpTo);
    }

    private static void Row(Comparison comparison, string name, int times, long[] shape, Func<Tensor, Tensor> peer, Func<Tensor, Tensor> ours)
    {
        var input = randn(shape);
        comparison.Row(name, () => Cost.Of(() => Repeat(peer)), () => Repeat(ours));

        void Repeat(Func<Tensor, Tensor> layer)
        {
            for (var i = 0; i < times; i++)
            {
                using var scope = NewDisposeScope();
                layer(input.detach().requires_grad_()).sum().backward();
            }
        }
    }
}
