using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.Detection;

// R: regions; P: cells per side of the pooled grid; C4, D: channels of the res4 map and of res5.

/// <summary>Pools regions from the res4 map, runs res5 on each, averages, predicts.</summary>
public sealed class RoiHeads : Module
{
    private readonly ModuleList<Bottleneck> res5;
    private readonly BoxPredictor box_predictor;
    private readonly DetectorConfig config;

    /// <summary>Shape from <paramref name="config"/>.</summary>
    public RoiHeads(DetectorConfig config) : base(nameof(RoiHeads))
    {
        this.config = config;
        res5 = Bottleneck.Stage(config.Blocks[3], config.MapChannels, config.Res2Mid * 8, config.FeatureDim, config.Res5Stride, config.Res5Dilation);
        box_predictor = new BoxPredictor(config);
        RegisterComponents();
    }

    /// <summary>Whether the bins of regions are computed on the host, which leaves out those that are equal, and not where the map is.</summary>
    public bool OnHost { get; set; } = true;

    /// <summary>Class, box and attribute from features.</summary>
    public BoxPredictor Predictor => box_predictor;

    /// <summary>pooled [R, C4, P, P] to res5's map [R, D, P/stride, P/stride].</summary>
    public Tensor Res5(Tensor pooled) => Bottleneck.Run(res5, pooled);

    /// <summary>map [1, C4, h, w] and host boxes [R, 4] in input pixels to the grids [R, C4, P, P] that res5 reads.</summary>
    public Tensor Pool(Tensor map, float[] boxes) => config.Pooler == RegionPooler.RoiPool
        ? RoiPool.Apply(map, boxes, config.Pool)
        : RoiAlign.Apply(map, boxes, config.Pool, config.SamplingRatio, config.Pooler == RegionPooler.RoiAlign);

    /// <summary>map [1, C4, h, w] and host boxes [R, 4] in input pixels to features [R, D]; never more than <paramref name="chunk"/> regions in res5 at once.</summary>
    public Tensor Features(Tensor map, float[] boxes, int chunk)
    {
        using var scope = NewDisposeScope();
        using var roiPool = config.Pooler == RegionPooler.RoiPool ? new RoiPool(map, boxes, config.Pool) : null;
        var features = new List<Tensor>();
        for (var at = 0; at < boxes.Length; at += chunk * 4)
        {
            using var step = NewDisposeScope();
            var some = boxes.AsSpan(at, Math.Min(chunk * 4, boxes.Length - at));
            var described = roiPool is null ? Res5(RoiAlign.Apply(map, some, config.Pool, config.SamplingRatio, config.Pooler == RegionPooler.RoiAlign))
                : !OnHost ? Res5(roiPool.PoolOnDevice(some))
                : config.Res5Stride == 1 ? Bottleneck.Run(res5, roiPool.PoolDistinct(some), config.Pool)
                : Res5(roiPool.Pool(some));
            features.Add(described.mean([2L, 3L], false, ScalarType.Float32).MoveToOuterDisposeScope());
        }
        return cat(features).MoveToOuterDisposeScope();
    }
}
