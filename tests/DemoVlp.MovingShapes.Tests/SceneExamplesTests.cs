using DemoVlp.MovingShapes.Cli;

namespace DemoVlp.MovingShapes.Tests;

public sealed class SceneExamplesTests
{
    [Fact]
    public void Examples_WhenTheSeedIsTheSame_AreTheSame()
    {
        var (first, again) = (SceneExamples.Training(3, Vocabulary.Standard).Take(6).ToArray(), SceneExamples.Training(3, Vocabulary.Standard).Take(6).ToArray());

        Assert.All(first.Zip(again), pair =>
        {
            Assert.Equal(pair.First.Frame.Bgr, pair.Second.Frame.Bgr);
            Assert.Equal(pair.First.Objects, pair.Second.Objects);
        });
        Assert.Equal(6, first.Select(e => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(e.Frame.Bgr))).Distinct().Count());
    }
}
