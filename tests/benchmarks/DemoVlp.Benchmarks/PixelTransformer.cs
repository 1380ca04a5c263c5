// What the paper compares itself with: an end-to-end pixel model, here ViT-B/16 over the same frames (Frozen in Time without time attention).
// B: videos, F: frames, P: patches of a frame (196), D: width, d: width of the common space.

using DemoVlp.Modeling.VideoLanguage;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Benchmarks;

/// <summary>Frames [B, F, 3, 224, 224] to one embedding per video [B, d]. Its blocks are those of the region model, so that only what enters them differs.</summary>
internal sealed class PixelTransformer : Module<Tensor, Tensor>
{
    internal const int Side = 224, Patch = 16, Patches = Side / Patch * (Side / Patch);

    private readonly Conv2d patch_embed;
    private readonly Parameter cls_token, pos_embed, temporal_embed;
    private readonly ModuleList<SpaceTimeBlock> blocks;
    private readonly Linear proj;

    internal PixelTransformer(ObjectTransformerConfig config, int projectionDim) : base(nameof(PixelTransformer))
    {
        var dim = config.EmbedDim;
        patch_embed = Conv2d(3, dim, Patch, stride: Patch);
        (cls_token, pos_embed, temporal_embed) = (Parameter(randn(1, 1, dim) * 0.02f), Parameter(randn(1, Patches, dim) * 0.02f), Parameter(zeros(1, config.NumFrames, dim)));
        blocks = ModuleList(Enumerable.Range(0, config.Depth).Select(_ => new SpaceTimeBlock(config)).ToArray());
        proj = Linear(dim, projectionDim, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames)
    {
        using var scope = NewDisposeScope();
        var (batch, count) = (frames.shape[0], frames.shape[1]);
        var patches = patch_embed.call(frames.flatten(0, 1)).flatten(2).transpose(1, 2).reshape(batch, count * Patches, -1); // (B, F*P, D)
        var places = pos_embed.repeat(1, count, 1).add(temporal_embed.narrow(1, 0, count).repeat_interleave(Patches, 1));
        var tokens = cat([cls_token.expand(batch, -1, -1), patches.add(places)], 1);
        var mask = new VideoMask(zeros(batch, tokens.shape[1]), count);
        foreach (var block in blocks) tokens = block.call(tokens, mask);
        return proj.call(tokens.select(1, 0)).MoveToOuterDisposeScope();
    }
}

/// <summary>The pixel model with the region model's text encoder, trained with the global loss: a pixel model has no regions to align.</summary>
internal sealed class PixelTrainer : IDisposable
{
    private readonly PixelTransformer video;
    private readonly DistilBert text;
    private readonly Linear textProjection;
    private readonly DemoVlp.Modeling.VideoLanguage.Training.AdamW optimizer;
    private readonly ModelConfig config;

    internal PixelTrainer(ModelConfig config)
    {
        this.config = config;
        (video, text, textProjection) = (new(config.ObjectConfig, config.ProjectionDim), new(config.TextConfig), Linear(config.TextConfig.Dim, config.ProjectionDim));
        optimizer = new([.. Named("video", video), .. Named("text", text), .. Named("projection", textProjection)]);
    }

    /// <summary>Forward, backward, update.</summary>
    /// <param name="frames">[B, F, 3, 224, 224].</param>
    /// <param name="ids">[B, T].</param>
    /// <param name="mask">[B, T].</param>
    internal void Step(Tensor frames, Tensor ids, Tensor mask)
    {
        using var scope = NewDisposeScope();
        optimizer.ZeroGradients();
        var words = textProjection.call(functional.relu(text.call(ids, mask))).select(1, 0);
        var loss = new NormSoftmaxLoss(config.Temperature).Compute(GlobalSimilarity.Cosine(words, video.call(frames)));
        loss.backward();
        optimizer.Step(1e-5);
    }

    public void Dispose()
    {
        optimizer.Dispose();
        video.Dispose();
        text.Dispose();
        textProjection.Dispose();
    }

    private static IEnumerable<(string Name, Tensor Value)> Named(string prefix, Module module) => module.named_parameters().Select(p => ($"{prefix}.{p.name}", (Tensor)p.parameter));
}
