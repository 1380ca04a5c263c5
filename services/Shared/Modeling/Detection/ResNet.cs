using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection;

// The caffe (MSRA) ResNet: the stride sits in the first 1x1 convolution of a block, and the stem's pool has no padding.
// N: images or regions; H, W: the network's input; h, w: cells of a map.

/// <summary>7x7/2 convolution, ReLU, 3x3/2 maximum without padding whose last window may hang over the edge (ceil mode).</summary>
public sealed class BasicStem : Module<Tensor, Tensor>
{
    private readonly NormConv2d conv1;

    /// <summary>3 to <paramref name="channels"/> channels.</summary>
    public BasicStem(int channels) : base(nameof(BasicStem))
    {
        conv1 = new NormConv2d(3, channels, kernel: 7, stride: 2);
        RegisterComponents();
    }

    /// <summary>[N, 3, H, W] to [N, C, ~H/4, ~W/4].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = conv1.call(input).relu_();
        // One row or column alone has no pooling window. A zero beside it changes no maximum, since ReLU came first.
        if (x.shape[2] < 2 || x.shape[3] < 2)
            x = nn.functional.pad(x, [0, Math.Max(0, 2 - x.shape[3]), 0, Math.Max(0, 2 - x.shape[2])]);
        return nn.functional.max_pool2d(x, [3L, 3L], [2L, 2L], ceil_mode: true).MoveToOuterDisposeScope();
    }
}

/// <summary>1x1 (strided), 3x3 (dilated), 1x1, each with its norm; plus the input, projected where the width changes; ReLU.</summary>
public sealed class Bottleneck : Module<Tensor, Tensor>
{
    private readonly NormConv2d? shortcut;
    private readonly NormConv2d conv1;
    private readonly NormConv2d conv2;
    private readonly NormConv2d conv3;

    /// <summary>One block; the shortcut is a projection if and only if the widths differ.</summary>
    public Bottleneck(int inChannels, int midChannels, int outChannels, int stride, int dilation) : base(nameof(Bottleneck))
    {
        shortcut = inChannels == outChannels ? null : new NormConv2d(inChannels, outChannels, kernel: 1, stride);
        conv1 = new NormConv2d(inChannels, midChannels, kernel: 1, stride);
        conv2 = new NormConv2d(midChannels, midChannels, kernel: 3, dilation: dilation);
        conv3 = new NormConv2d(midChannels, outChannels, kernel: 1);
        RegisterComponents();
    }

    /// <summary>A stage: <paramref name="blocks"/> blocks of which the first changes width and stride.</summary>
    public static ModuleList<Bottleneck> Stage(int blocks, int inChannels, int midChannels, int outChannels, int stride, int dilation = 1) =>
        ModuleList([.. Enumerable.Range(0, blocks).Select(i =>
            new Bottleneck(i == 0 ? inChannels : outChannels, midChannels, outChannels, i == 0 ? stride : 1, dilation))]);

    /// <summary>Runs a stage, letting go of each block's input but the first.</summary>
    public static Tensor Run(ModuleList<Bottleneck> stage, Tensor input)
    {
        var x = input;
        foreach (var block in stage)
        {
            var next = block.call(x);
            if (!ReferenceEquals(x, input)) x.Dispose();
            x = next;
        }
        return x;
    }

    /// <summary>[N, C, h, w] to [N, O, h/stride, w/stride].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return After(conv1.call(input).relu_(), shortcut is null ? input : shortcut.call(input)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The stage on pooled regions [R, C, P, P] given by their distinct bins; the first block's stride is 1. Its 1x1 convolutions see every bin once,
    /// and only their results are spread over the grid.
    /// </summary>
    public static Tensor Run(ModuleList<Bottleneck> stage, DistinctBins bins, int size)
    {
        using var scope = NewDisposeScope();
        var first = stage[0];
        var rows = bins.Rows.view(1, -1, 1, bins.Rows.shape[1]).permute(0, 3, 1, 2); // [1, C, U, 1], channels-last
        Tensor Spread(Tensor values) => bins.Expand(values.permute(0, 2, 3, 1).reshape(-1, values.shape[1]), size);
        var x = first.After(Spread(first.conv1.call(rows).relu_()), first.shortcut is null ? bins.Grid(size) : Spread(first.shortcut.call(rows)));
        foreach (var block in stage.Skip(1))
        {
            var next = block.call(x);
            x.Dispose();
            x = next;
        }
        return x.MoveToOuterDisposeScope();
    }

    private Tensor After(Tensor inner, Tensor outer) => conv3.call(conv2.call(inner).relu_()).AddInPlace(outer).relu_();
}

/// <summary>Stem, res2, res3 and res4: the "C4" backbone, 16 pixels a cell.</summary>
public sealed class ResNetC4 : Module<Tensor, Tensor>
{
    private readonly BasicStem stem;
    private readonly ModuleList<Bottleneck> res2;
    private readonly ModuleList<Bottleneck> res3;
    private readonly ModuleList<Bottleneck> res4;

    /// <summary>Widths and depths from <paramref name="config"/>.</summary>
    public ResNetC4(DetectorConfig config) : base(nameof(ResNetC4))
    {
        int mid = config.Res2Mid, width = config.Res2Out;
        stem = new BasicStem(config.StemOut);
        res2 = Bottleneck.Stage(config.Blocks[0], config.StemOut, mid, width, stride: 1);
        res3 = Bottleneck.Stage(config.Blocks[1], width, mid * 2, width * 2, stride: 2);
        res4 = Bottleneck.Stage(config.Blocks[2], width * 2, mid * 4, width * 4, stride: 2);
        RegisterComponents();
    }

    /// <summary>[N, 3, H, W] to the res4 map [N, C4, ~H/16, ~W/16].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Stages(input).Last().Map.MoveToOuterDisposeScope();
    }

    /// <summary>The maps in order: stem, res2, res3, res4. Each is disposed when the next one is asked for.</summary>
    public IEnumerable<(string Name, Tensor Map)> Stages(Tensor input)
    {
        var x = stem.call(input);
        yield return ("stem", x);
        foreach (var (name, stage) in new[] { ("res2", res2), ("res3", res3), ("res4", res4) })
        {
            var next = Bottleneck.Run(stage, x);
            x.Dispose();
            x = next;
            yield return (name, x);
        }
    }
}
