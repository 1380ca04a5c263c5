using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Models;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.QueryAnswering.Tests;

/// <summary>Vocabulary and answers belong to the model: a text means the numbers that the model which answers learnt for it.</summary>
public sealed class VocabularyTests : IAsyncLifetime
{
    // The same words under other numbers; and one that does not know "circle".
    private static readonly string[] Turned = [.. World.Vocabulary.Take(4), .. World.Vocabulary.Skip(4).Reverse()];
    private static readonly string[] WithoutCircle = [.. World.Vocabulary.Select(w => w == "circle" ? "oval" : w)];
    private static readonly string[] Words = ["a", "red", "circle"];

    // Untrained models say almost the same to everything; numbers come back with five digits.
    private const double Same = 0.00002, Other = 0.0001;

    private World world = null!;

    public async ValueTask InitializeAsync() => world = await World.StartAsync();

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task Search_WhenModelsHaveDifferentVocabularies_EachReadsTheQueryWithItsOwn()
    {
        await ActivateAsync("first", World.Vocabulary);
        var video = (await world.AddIndexedVideosAsync(1))[0];
        foreach (var (version, vocabulary) in new[] { ("first", World.Vocabulary), ("turned", Turned), ("without", WithoutCircle), ("first", World.Vocabulary) })
        {
            await ActivateAsync(version, vocabulary);
            var hit = (await world.SearchAsync("A red circle")).Items.Single(i => i.VideoId == video);

            using var model = RetrievalModel.Load(world.Artifacts.GetLocalDirectory($"models/{version}"));
            var expected = Score(model, vocabulary);
            Assert.Equal(expected, hit.GlobalScore, Same);
            // Read with another model's numbers it would be another score.
            Assert.Contains(new[] { World.Vocabulary, Turned, WithoutCircle }, other => Math.Abs(Score(model, other) - expected) > Other);
        }
    }

    [Fact]
    public async Task Answers_WhenTheSearchModelHasAnotherVocabulary_AreReadWithTheQuestionModelsOwn()
    {
        await ActivateAsync("first", World.Vocabulary);
        var video = (await world.AddIndexedVideosAsync(1))[0];
        var activation = world.MakeModel("asking", seed: 5, questions: true, vocabulary: Turned);
        await world.Publish(activation);
        await world.RebuiltAsync(activation);

        var answer = await world.PostAsync<QuestionResponse>($"videos/{video}/answers", new QuestionRequest("a red circle"));

        using var model = QuestionAnsweringModel.Load(world.Artifacts.GetLocalDirectory("models/asking"));
        var expected = model.Answer(Regions.Create(0).Frames, Ids(Turned));
        Assert.Equal(expected.Answers.Select(a => a.Answer), answer.Answers.Select(a => a.Text));
        Assert.All(expected.Answers.Zip(answer.Answers), pair => Assert.Equal(pair.First.Probability, pair.Second.Probability, Same));
        Assert.Contains(model.Answer(Regions.Create(0).Frames, Ids(World.Vocabulary)).Answers.Zip(expected.Answers), pair => Math.Abs(pair.First.Probability - pair.Second.Probability) > Other);
    }

    private static double Score(RetrievalModel model, string[] vocabulary) => model.EmbedText(Ids(vocabulary)).GlobalScore(model.EmbedVideo(Regions.Create(0).Frames));

    private static int[] Ids(string[] vocabulary) => [2, .. Words.Select(w => Math.Max(1, Array.IndexOf(vocabulary, w))), 3];

    private async Task ActivateAsync(string version, string[] vocabulary)
    {
        world.MakeModel(version, seed: 7, vocabulary: vocabulary);
        var activation = world.Activation(version, ModelTasks.Retrieval);
        await world.Publish(activation);
        await world.RebuiltAsync(activation);
    }
}
