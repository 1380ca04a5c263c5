using System.Net;
using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>Services and broker die in the middle of their work; nothing that was accepted is lost or done twice.</summary>
public sealed class DistributedFaultTests : IClassFixture<DistributedSystem>
{
    private readonly DistributedSystem system;

    public DistributedFaultTests(DistributedSystem system)
    {
        Assert.SkipWhen(system.Unavailable is not null, system.Unavailable ?? "");
        this.system = system;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Library Library => system.Library;

    [Fact]
    public async Task FiftyUploads_EachServiceKilledOnceMeanwhile_AreFiftyIndexedVideos()
    {
        var before = (await Library.AllVideosAsync(Token)).Select(video => video.Id).ToHashSet();
        var clips = await ManyClips.MakeAsync(50, Token);
        var uploads = Task.Run(async () =>
        {
            var ids = new List<Guid>();
            foreach (var clip in clips) ids.Add((await Library.UploadPatientlyAsync(clip, "clip.mp4", Token)).Id);
            return ids;
        }, Token);
        foreach (var service in system.Processes.Keys.ToList())
        {
            await system.KillAndRestartAsync(service, Token);
            await Task.Delay(TimeSpan.FromMilliseconds(500), Token);
        }
        var accepted = await uploads;
        Assert.Equal(50, accepted.Distinct().Count());
        foreach (var id in accepted)
        {
            var video = await Library.SettledAsync(id, Token, TimeSpan.FromMinutes(4));
            Assert.True(video.Status == VideoStatus.Indexed, $"{video.Failure}\n{system.Logs}");
        }
        Assert.Equal(accepted.Order(), (await Library.AllVideosAsync(Token)).Select(video => video.Id).Where(id => !before.Contains(id)).Order());
        Assert.Equal(accepted.Order(), (await Library.SearchAllAsync("a red square", Token)).Select(hit => hit.VideoId).Where(id => !before.Contains(id)).Order());
        var errors = (await system.Bus.QueueDepthsAsync(Token)).Where(queue => queue.Key.EndsWith("_error", StringComparison.Ordinal) && queue.Value > 0);
        Assert.True(!errors.Any(), $"{string.Join(", ", errors)}\n{system.Logs}");
    }

    [Fact(Skip = TestRabbitMq.NoRestartReason, SkipUnless = nameof(TestRabbitMq.CanRestart), SkipType = typeof(TestRabbitMq))]
    public async Task BrokerRestart_InTheMiddle_LosesNothing()
    {
        var clips = await ManyClips.MakeAsync(8, Token);
        var accepted = new List<Guid>();
        foreach (var clip in clips[..4]) accepted.Add((await Library.UploadPatientlyAsync(clip, "clip.mp4", Token)).Id);
        await TestRabbitMq.RestartAsync(Token);
        foreach (var clip in clips[4..]) accepted.Add((await Library.UploadPatientlyAsync(clip, "clip.mp4", Token)).Id);
        foreach (var id in accepted)
        {
            var video = await Library.SettledAsync(id, Token, TimeSpan.FromMinutes(3));
            Assert.True(video.Status == VideoStatus.Indexed, $"{video.Failure}\n{system.Logs}");
        }
    }

    [Theory]
    [InlineData(EvaluationTask.Retrieval)]
    [InlineData(EvaluationTask.QuestionAnswering)]
    public Task Kill9_DuringTraining_EndsBitForBitAsIfItHadNotBeen(string task) => TrainingRecovery.KillAndCompareAsync(system, "Training", task, Token);

    [Fact]
    public async Task Delete_DuringIndexing_LeavesNothingBehind()
    {
        var clips = await ManyClips.MakeAsync(6, Token);
        var deleted = new List<Guid>();
        foreach (var (clip, number) in clips.Select((clip, number) => (clip, number)))
        {
            var video = await Library.UploadPatientlyAsync(clip, "clip.mp4", Token);
            await Task.Delay(TimeSpan.FromMilliseconds(150 * number), Token);
            using var response = await Library.Http.DeleteAsync($"videos/{video.Id}", Token);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            deleted.Add(video.Id);
        }
        // A last video goes all the way, so the queues before it have been worked off.
        var last = await Library.UploadPatientlyAsync((await ManyClips.MakeAsync(1, Token))[0], "clip.mp4", Token);
        Assert.Equal(VideoStatus.Indexed, (await Library.SettledAsync(last.Id, Token)).Status);
        await Eventually.TrueAsync("nothing of the deleted videos is left", async token =>
            !(await Library.SearchAllAsync("a red square", token)).Exists(hit => deleted.Contains(hit.VideoId)) && deleted.TrueForAll(id => !system.HasFilesOf(id)),
            Token, TimeSpan.FromMinutes(1));
    }
}
