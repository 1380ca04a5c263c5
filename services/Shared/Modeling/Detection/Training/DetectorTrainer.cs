using DemoVlp.Modeling.VideoLanguage.Training;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection.Training;

/// <summary>How a detector is trained.</summary>
/// <param name="Steps">Updates in all.</param>
/// <param name="BatchSize">Pictures of an update; all of one size.</param>
/// <param name="LearningRate">The highest one.</param>
/// <param name="Seed">Of the first weights and of all sampling.</param>
public sealed record DetectorTraining(int Steps, int BatchSize, double LearningRate, int Seed);

/// <summary>Where training is. Losses are those of one update.</summary>
/// <param name="Step">Updates done.</param>
/// <param name="RpnObjectness">See <see cref="RpnLoss"/>.</param>
/// <param name="RpnBoxes">See <see cref="RpnLoss"/>.</param>
/// <param name="Classes">See <see cref="FastRcnnLoss"/>.</param>
/// <param name="Boxes">See <see cref="FastRcnnLoss"/>.</param>
/// <param name="Attributes">See <see cref="FastRcnnLoss"/>.</param>
public sealed record DetectorStep(int Step, double RpnObjectness, double RpnBoxes, double Classes, double Boxes, double Attributes)
{
    /// <summary>The sum.</summary>
    public double Loss => RpnObjectness + RpnBoxes + Classes + Boxes + Attributes;
}

/// <summary>
/// Trains a Faster R-CNN with attributes from random weights, proposal network and heads together ("approximate joint training", Ren et al.
/// 2015), the learning rate warmed up linearly and divided by ten twice.
/// </summary>
/// <remarks>
/// AdamW instead of the papers' SGD with momentum: from random weights and with small batches it needs half as many updates to the same accuracy.
/// Batch norms take the statistics of the batch for the first eight tenths of the updates. Then the statistics are frozen, and the weights settle
/// around the function that runs at inference. The same seed, examples, machine and number of threads give the same weights.
/// </remarks>
public sealed class DetectorTrainer : IDisposable
{
    private const double WeightDecay = 1e-4, WarmUp = 0.05, FirstDrop = 0.7, SecondDrop = 0.9, Freeze = 0.8, LargestGradient = 10;
    private readonly FasterRcnn network;
    private readonly DetectorTraining training;
    private readonly AdamW optimizer;
    private readonly Random random;
    private readonly Device device;
    private int step;

    /// <summary>Gives <paramref name="network"/> random weights, moves it to <paramref name="device"/> and trains it there.</summary>
    public DetectorTrainer(FasterRcnn network, DetectorTraining training, Device device)
    {
        (this.network, this.training, this.device) = (network, training, device);
        random = new Random(training.Seed);
        RandomWeights.Fill(network, training.Seed);
        network.MoveTo(device);
        foreach (var parameter in network.parameters()) parameter.requires_grad = true;
        optimizer = new AdamW(network.named_parameters().Select(p => (p.name, (Tensor)p.parameter)), AdamWRule.Torch, WeightDecay);
    }

    /// <summary>Takes batches from <paramref name="examples"/> until all updates are done. The network is ready for inference afterwards.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled between two updates.</exception>
    /// <exception cref="InvalidOperationException">The loss is not a finite number.</exception>
    public void Run(IEnumerable<DetectorExample> examples, Action<DetectorStep> progress, CancellationToken cancellationToken)
    {
        foreach (var batch in examples.Chunk(training.BatchSize).Take(training.Steps))
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress(Update(batch));
        }
        network.eval();
        network.RoiHeads.Predictor.ScaleBoxes(FastRcnnLoss.Deviations);
    }

    /// <summary>Frees the optimiser; the network stays.</summary>
    public void Dispose()
    {
        optimizer.Dispose();
        foreach (var parameter in network.parameters()) parameter.requires_grad = false;
    }

    private DetectorStep Update(DetectorExample[] batch)
    {
        using var scope = NewDisposeScope();
        network.train(step < training.Steps * Freeze);
        optimizer.ZeroGradients();
        var (rpnObjectness, rpnBoxes, classes, boxes, attributes) = Losses(batch);
        var loss = rpnObjectness.Add(rpnBoxes).Add(classes).Add(boxes).Add(attributes);
        if (!float.IsFinite(loss.item<float>())) throw new InvalidOperationException($"The loss of update {step + 1} is not a finite number: the learning rate is too high.");
        loss.backward();
        optimizer.ClipGradients(LargestGradient);
        optimizer.Step(LearningRate());
        step++;
        return new(step, rpnObjectness.item<float>(), rpnBoxes.item<float>(), classes.item<float>(), boxes.item<float>(), attributes.item<float>());
    }

    private (Tensor RpnObjectness, Tensor RpnBoxes, Tensor Classes, Tensor Boxes, Tensor Attributes) Losses(DetectorExample[] batch)
    {
        var config = network.Config;
        var plan = ImageResize.Plan(batch[0].Frame.Height, batch[0].Frame.Width, config.ShortSide, config.LongSide);
        // Channels last in memory: the convolutions keep to it, and are faster.
        var inputs = stack([.. batch.Select(e => ImageResize.Input(e.Frame.Bgr, e.Frame.Height, e.Frame.Width, config.PixelMean, plan, device))])
            .permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        var edges = batch.Select(e => e.Objects.SelectMany(o => o.Edges).Select(v => v * (float)plan.Scale).ToArray()).ToArray();

        var map = network.Backbone.call(inputs);
        var (logits, deltas) = network.ProposalGenerator.Head.call(map);
        var anchors = network.ProposalGenerator.Anchors.Grid(map.shape[2], map.shape[3]).cpu().data<float>().ToArray();
        var (rpnObjectness, rpnBoxes) = RpnLoss.Compute(logits, deltas, anchors, edges, random);

        Proposals[] proposals;
        using (no_grad()) proposals = network.ProposalGenerator.Propose(logits, deltas, plan.Height, plan.Width, plan.Scale);
        var samples = batch.Select((e, b) => FastRcnnLoss.Sample(proposals[b].Boxes, edges[b], e.Objects, random)).ToArray();
        // All regions through res5 at once: its batch norms see the whole batch.
        var pooled = cat([.. samples.Select((s, b) => network.RoiHeads.Pool(map.narrow(0, b, 1), s.Boxes))]);
        var predictions = network.RoiHeads.Predictor.call(network.RoiHeads.Res5(pooled).mean([2L, 3L]));
        var (classes, boxes, attributes) = FastRcnnLoss.Compute(predictions, samples);
        return (rpnObjectness, rpnBoxes, classes, boxes, attributes);
    }

    private double LearningRate()
    {
        var done = (double)step / training.Steps;
        var drop = done >= SecondDrop ? 0.01 : done >= FirstDrop ? 0.1 : 1;
        return training.LearningRate * drop * Math.Min(1, (done + 1.0 / training.Steps) / WarmUp);
    }
}
