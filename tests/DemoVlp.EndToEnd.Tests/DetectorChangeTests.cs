using System.Net;
using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>Another detector, without a restart of anything, and the library seen again by it.</summary>
public sealed class DetectorChangeTests(StandaloneSystem system) : IClassFixture<StandaloneSystem>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Detector_WhenItsDirectoryChanges_SeesTheLibraryAgainWhileSearchesGoOn()
    {
        var clips = await ManyClips.MakeAsync(3, Token);
        var ids = new List<Guid>();
        foreach (var clip in clips.Take(2)) ids.Add((await system.Library.UploadPatientlyAsync(clip, "clip.mp4", Token)).Id);
        foreach (var id in ids) Assert.Equal(VideoStatus.Indexed, (await system.Library.SettledAsync(id, Token)).Status);
        var old = await system.Library.VideoAsync(ids[0], Token);
        var names = Directory.EnumerateFiles(Path.Combine(system.Folder, "artifacts", "detectors"), "classes.txt", SearchOption.AllDirectories).Single();

        await File.WriteAllLinesAsync(names, (await File.ReadAllLinesAsync(names, Token)).Select(name => $"quite another {name}"), Token);
        var state = await Eventually.ValueAsync("the new detector is known", async token =>
            await system.Library.GetAsync<ReExtraction>("regions/re-extraction", token) is { Videos: 2 } known ? known : null, Token, TimeSpan.FromMinutes(1));
        Assert.NotEqual(old.DetectorHash, state.DetectorHash);
        Assert.Equal(2, (await system.Library.PostAsync<ReExtraction>("regions/re-extraction", new { }, Token)).Queued);
        while ((await system.Library.GetAsync<ReExtraction>("regions/re-extraction", Token)).UnderWay > 0)
            Assert.Equal(ids.Order(), (await system.Library.SearchAllAsync("a red square", Token)).Select(hit => hit.VideoId).Order());

        foreach (var id in ids)
        {
            var video = await system.Library.VideoAsync(id, Token);
            Assert.Equal((VideoStatus.Indexed, state.DetectorHash, null), (video.Status, video.DetectorHash, video.Renewal));
            var regions = await system.Library.GetAsync<VideoRegions>($"videos/{id}/regions", Token);
            Assert.All(regions.Frames.SelectMany(frame => frame.Regions), region => Assert.StartsWith("quite another ", region.Label));
            using var picture = await system.Library.Http.GetAsync($"videos/{id}/frames/0?overlay=regions", Token);
            Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (picture.StatusCode, picture.Content.Headers.ContentType?.MediaType));
        }
        var next = await system.Library.UploadPatientlyAsync(clips[2], "clip.mp4", Token);
        Assert.Equal(state.DetectorHash, (await system.Library.SettledAsync(next.Id, Token)).DetectorHash);
    }
}
