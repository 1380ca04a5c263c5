using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.Modeling.VideoLanguage.Inference;
using DemoVlp.Modeling.VideoLanguage.Training;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>The numbers of decision 0010, on request: run with <c>-explicit only -class '*PaddingRuleMeasurement' -showLiveOutput</c>.</summary>
public sealed class PaddingRuleMeasurement(ITestOutputHelper output)
{
    /// <summary>How much similarity and gradient of the same 8 words and 20 regions change when 6 (or 92) padded words or 20 padded regions are added.</summary>
    [Fact(Explicit = true)]
    public void Padding_ChangesWhatTheRuleSays()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (regions, words) = (randn(32, 20, 16), randn(32, 8, 16));
        foreach (var padding in Enum.GetValues<PaddingRule>())
        {
            foreach (var (moreWords, moreRegions) in new[] { (6, 0), (92, 0), (0, 20) })
            {
                var (plain, gradient) = Scores(0, 0);
                var (padded, paddedGradient) = Scores(moreWords, moreRegions);
                var change = (plain - padded).abs();
                var rank = plain.argmax(1).ne(padded.argmax(1)).to_type(ScalarType.Float32).mean().item<float>();
                var turned = nn.functional.cosine_similarity(gradient.flatten().unsqueeze(0), paddedGradient.flatten().unsqueeze(0)).item<float>();
                output.WriteLine($"{padding} +{moreWords} words +{moreRegions} regions: similarity changes by {change.max().item<float>():F4} at most, {change.mean().item<float>():F4} on average; "
                    + $"another first caption for {rank:P0} of the videos; cosine of the words' gradients {turned:F4}");
            }

            (Tensor Similarity, Tensor Gradient) Scores(int moreWords, int moreRegions)
            {
                var s = words.clone().requires_grad_();
                var alignment = new RegionWordAlignment(FocalType.Equal, padding);
                var similarity = alignment.Similarity(cat([regions, randn(32, moreRegions, 16)], 1), cat([zeros(32, 20), full(32, moreRegions, -100f)], 1),
                    cat([s, randn(32, moreWords, 16)], 1), cat([zeros(32, 8), full(32, moreWords, -100f)], 1));
                (similarity.diagonal().sum() * 2 - similarity.mean()).backward();
                return (similarity.detach(), s.grad!);
            }
        }
    }

    /// <summary>Retrieval of unseen videos of two things each, shown in 1 to 4 of 4 regions and 2 to 4 frames, after some steps from the same weights.</summary>
    [Theory(Explicit = true)]
    [InlineData(PaddingRule.Masked)]
    [InlineData(PaddingRule.Reference)]
    public void Training_WithEitherRule_FindsUnseenVideos(PaddingRule padding)
    {
        foreach (var seed in new[] { 1, 2, 3, 4, 5 })
        {
            var config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 4, 4) with { Padding = padding };
            var network = ModelDirectory.Create(config, (ulong)seed);
            using var trainer = new RetrievalTrainer(network, config, new TrainingOptions { LearningRate = 1e-3, MaxGradientNorm = 1, Seed = (ulong)seed });
            for (var step = 1; step <= 16; step++)
            {
                var result = trainer.Step(Samples(1000 * seed + step));
                if (step % 4 != 0) continue;
                network.eval();
                var model = new RetrievalModel(new LoadedModel(config, network, Vocabulary, [])); // The trainer frees the network.
                RetrievalSample[] unseen = Samples(-seed);
                var report = RetrievalEvaluation.Compute(model, model.EmbedTexts([.. unseen.Select(s => s.TokenIds)]), model.EmbedVideos([.. unseen.Select(s => s.Frames)]), TestContext.Current.CancellationToken).Report();
                output.WriteLine($"{padding} seed {seed} step {step}: loss {result.Loss:F2} (global {result.GlobalLoss:F2}, local {result.LocalLoss:F2}); "
                    + $"text to video R@1 {report.TextToVideo.Mean.R1:F0}, MedR {report.TextToVideo.Mean.MedianRank:F1}; video to text R@1 {report.VideoToText.Mean.R1:F0}, MedR {report.VideoToText.Mean.MedianRank:F1}");
            }
        }
    }

    /// <summary>One pair for each combination of two things; some captions have a word more.</summary>
    private static RetrievalSample[] Samples(int seed)
    {
        var random = new Random(seed);
        var samples = new List<RetrievalSample>();
        for (var a = 0; a < Things; a++)
        {
            for (var b = a + 1; b < Things; b++)
            {
                FrameRegions[] frames = [.. Enumerable.Range(0, random.Next(2, 5)).Select(f => Video(f % 2 == 0 ? a : b, random.Next(), 1, random.Next(1, 5))[0] with { FrameIndex = f })];
                samples.Add(new RetrievalSample(frames, random.Next(2) == 0 ? Text(a, b) : Text(b, a, b)));
            }
        }
        return [.. samples];
    }
}
