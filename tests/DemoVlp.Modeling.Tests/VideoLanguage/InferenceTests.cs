using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;
using TorchSharp;
using static DemoVlp.Modeling.Tests.VideoLanguage.SyntheticVideos;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class InferenceTests : IDisposable
{
    private readonly RetrievalModel model = New(PaddingRule.Masked);

    public void Dispose() => model.Dispose();

    [Fact]
    public void EmbedVideos_InABatchOfUnequalVideos_GivesWhatEachGivesAlone()
    {
        var videos = new[] { Video(0, 1), Video(1, 2, frames: 2), Video(2, 3, regions: 7), Video(3, 4, frames: 9) };
        var together = model.EmbedVideos(videos);
        for (var i = 0; i < videos.Length; i++)
        {
            var alone = model.EmbedVideo(videos[i]);
            Near(alone.Global, together[i].Global);
            Near(alone.Local, together[i].Local);
            Assert.Equal(alone.Tokens, together[i].Tokens);
            Assert.Equal(1, alone.Global.Sum(x => x * x), 1e-5);
        }
    }

    [Fact]
    public void EmbedTexts_InABatchOfUnequalTexts_GivesWhatEachGivesAlone()
    {
        var texts = new[] { Text(1), Text(2, 3, 4, 5), Text(0, 0) };
        var together = model.EmbedTexts(texts);
        for (var i = 0; i < texts.Length; i++)
        {
            var alone = model.EmbedText(texts[i]);
            Near(alone.Global, together[i].Global);
            Near(alone.Local, together[i].Local);
            Assert.Equal(texts[i].Length - 1, together[i].Mask.Length);
        }
    }

    [Fact]
    public void EmbedText_WhenTooLong_KeepsTheEndMark()
    {
        var longest = model.Config.MaxTextLength;
        var cut = model.EmbedText(Text([.. Enumerable.Repeat(1, 500)]));
        Near(model.EmbedText(Text([.. Enumerable.Repeat(1, longest - 2)])).Global, cut.Global);
    }

    [Fact]
    public void Align_WithManyVideos_GivesWhatEachGivesAlone()
    {
        var videos = model.EmbedVideos([.. Enumerable.Range(0, 70).Select(i => Video(i % Things, i, frames: 1 + i % 4))]);
        var text = model.EmbedText(Text(2, 3));
        var scores = model.Align(text, videos);
        for (var i = 0; i < videos.Count; i++) Assert.Equal(model.Align(text, [videos[i]])[0], scores[i], 1e-4);
    }

    [Fact]
    public void Evidence_NamesEachWordsRegionByItsPlaceInTheVideo()
    {
        var frames = Video(3, 5);
        var evidence = model.Evidence(model.EmbedText(Text(3, 1)), model.EmbedVideo(frames));
        Assert.Equal([1, 2, 3], evidence.Select(e => e.TokenIndex));
        Assert.All(evidence, e =>
        {
            Assert.InRange(e.Weight, 0.0001f, 1.0001f);
            Assert.InRange(e.Similarity, -1.0001f, 1.0001f);
            var better = frames[e.Region.Frame].ClassConfidences.Count(c => c > frames[e.Region.Frame].ClassConfidences[e.Region.Region]);
            Assert.Equal(better, e.Region.Rank);
        });
    }

    [Fact]
    public void EmbedVideo_WhenNoFrameHasRegions_IsFiniteAndAlignsWithNothing()
    {
        var empty = new FrameRegions(0, 0, 64, 64, [], [], [], [], [], []);
        var video = model.EmbedVideo([empty, empty]);
        var text = model.EmbedText(Text(1));
        Assert.All(video.Global, x => Assert.True(float.IsFinite(x)));
        Assert.DoesNotContain(true, video.Mask);
        Assert.Equal(0, model.Align(text, [video])[0], 1e-6);
        Assert.Empty(model.Evidence(text, video));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void EmbedVideo_WhenFeaturesDoNotFitTheModel_SaysSo(int features)
    {
        FrameRegions[] frames = features == 0 ? [] : [new FrameRegions(0, 0, 64, 64, new float[features], new float[4], [0], [1f], [0], [0f])];
        Assert.Equal("regions-mismatch", Assert.Throws<ModelFormatException>(() => model.EmbedVideo(frames)).Code);
    }

    [Fact]
    public void EmbedText_WhenATokenIsUnknownToTheModel_SaysSo()
    {
        Assert.Throws<ArgumentException>(() => model.EmbedText([2, 99, 3]));
        Assert.Throws<ArgumentException>(() => model.EmbedText([2]));
    }

    [Fact]
    public void Model_WhenCalledFromManyThreads_GivesTheSameNumbers()
    {
        var expected = model.EmbedVideo(Video(1, 1)).Global;
        Parallel.For(0, 16, i =>
        {
            Near(expected, model.EmbedVideo(Video(1, 1)).Global);
            model.Align(model.EmbedText(Text(i % Things)), [model.EmbedVideo(Video(2, i))]);
        });
    }

    [Fact]
    public void ReferenceModel_PadsTextsToItsLength_AsPublished()
    {
        using var reference = New(PaddingRule.Reference);
        var text = reference.EmbedText(Text(1, 2));
        Assert.Equal(reference.Config.MaxTextLength - 1, text.Mask.Length);
        Assert.Equal(3, text.Mask.Count(m => m));
        Near(model.EmbedText(Text(1, 2)).Global, text.Global);
        Assert.Equal(3, reference.Evidence(text, reference.EmbedVideo(Video(1, 1))).Count);
    }

    [Fact]
    public void Answer_GivesTheMostProbableAnswersAndTheAttentionOnRealRegions()
    {
        var config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 4, 5, answers: 3);
        using var answering = new QuestionAnsweringModel(new LoadedModel(config, Evaluating(config), Vocabulary, ["red", "green", "blue"]));
        var answer = answering.Answer(Video(1, 1), Text(1, 2), top: 9);
        Assert.Equal(["blue", "green", "red"], answer.Answers.Select(a => a.Answer).Order());
        Assert.Equal(answer.Answers.Select(a => a.Probability).OrderDescending(), answer.Answers.Select(a => a.Probability));
        Assert.Equal(1, answer.Answers.Sum(a => a.Probability), 1e-4);
        Assert.Equal(4 * 3, answer.Attention.Count);
        Assert.Equal(1, answer.Attention.Sum(a => a.Weight), 1e-4);
        Assert.Single(answering.AnswerAll([Video(1, 1)], Text(1, 2), top: 1)[0].Answers);
        Assert.Equal("model-task", Assert.Throws<ModelFormatException>(() => new RetrievalModel(new LoadedModel(config, Evaluating(config), Vocabulary, []))).Code);
    }

    private static RetrievalModel New(PaddingRule padding)
    {
        var config = ModelConfig.Tiny(Vocabulary.Length, FeatureDim, 4, 5) with { Padding = padding };
        return new RetrievalModel(new LoadedModel(config, Evaluating(config), Vocabulary, []));
    }

    private static torch.nn.Module Evaluating(ModelConfig config)
    {
        var network = ModelDirectory.Create(config, 1);
        network.eval();
        return network;
    }

    private static void Near(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.True(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max() < 1e-4f);
    }
}
