using DemoVlp.Contracts.Http;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>kill -9 at any moment and start again: everything accepted ends up indexed or failed, nothing twice.</summary>
public sealed class StandaloneRecoveryTests(StandaloneSystem system) : IClassFixture<StandaloneSystem>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kill9_AtAnyMoment_LosesAndDoublesNothing()
    {
        var before = (await system.Library.AllVideosAsync(Token)).Select(video => video.Id).ToHashSet();
        var clips = await ManyClips.MakeAsync(12, Token);
        var accepted = new List<Guid>();
        for (var round = 0; round < 4; round++)
        {
            foreach (var clip in clips.Skip(round * 3).Take(3))
                accepted.Add((await system.Library.UploadPatientlyAsync(clip, "clip.mp4", Token)).Id);
            // Each round dies at another moment: at once, while sampling, while extracting, while embedding.
            await Task.Delay(TimeSpan.FromMilliseconds(300 * round), Token);
            await system.KillAndRestartAsync("Standalone", Token);
        }
        foreach (var id in accepted)
        {
            var video = await system.Library.SettledAsync(id, Token);
            Assert.True(video.Status == VideoStatus.Indexed, $"{video.Failure}\n{system.Logs}");
        }
        Assert.Equal(accepted.Order(), (await system.Library.AllVideosAsync(Token)).Select(video => video.Id).Where(id => !before.Contains(id)).Order());
        Assert.Equal(accepted.Order(), (await system.Library.SearchAllAsync("a red square", Token)).Select(hit => hit.VideoId).Where(id => !before.Contains(id)).Order());
    }

    [Theory]
    [InlineData(EvaluationTask.Retrieval)]
    [InlineData(EvaluationTask.QuestionAnswering)]
    public Task Kill9_DuringTraining_EndsBitForBitAsIfItHadNotBeen(string task) => TrainingRecovery.KillAndCompareAsync(system, "Standalone", task, Token);
}
