using DemoVlp.Modeling.VideoLanguage;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class ModelInitialisationTests
{
    [Fact]
    public void Create_BeginsWithRegionsThatKnowThemselvesRatherThanTheirFrame()
    {
        using var scope = NewDisposeScope();
        var config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 1, 4);
        using var network = (ObjectRelation)ModelDirectory.Create(config, 1);
        network.eval();
        var objects = randn([1, 1, 4, FeatureDim + 6], generator: new Generator(5));
        var other = objects.clone();
        other[0, 0, 0].copy_(randn([FeatureDim + 6], generator: new Generator(6)));

        var change = (Tokens(other) - Tokens(objects)).norm(1).data<float>().ToArray();

        // Region 0 is another thing: its own token changes, those of its neighbours hardly (15 to 20 % of it with projections of their own for queries and keys).
        Assert.All(change.Skip(1), neighbour => Assert.True(neighbour < 0.05f * change[0], $"{neighbour} of {change[0]}"));

        Tensor Tokens(Tensor regions) => network.EncodeObjects(regions, ones(1, 1, 4)).Tokens[0].narrow(0, 1, 4);
    }

    [Fact]
    public void Create_WithTheSameSeed_GivesTheSameWeights()
    {
        var config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 3, 4, answers: 5, timeAttention: true);
        using var one = ModelDirectory.Create(config, 7);
        using var same = ModelDirectory.Create(config, 7);
        using var other = ModelDirectory.Create(config, 8);

        Assert.All(ModelWeights.Of(one).Zip(ModelWeights.Of(same)), pair => Assert.Equal(0, (pair.First.Value - pair.Second.Value).abs().max().item<float>()));
        Assert.Contains(ModelWeights.Of(one).Zip(ModelWeights.Of(other)), pair => (pair.First.Value - pair.Second.Value).abs().max().item<float>() > 0);
    }
}
