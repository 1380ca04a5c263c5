using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Messaging;
using DemoVlp.Standalone;
using DemoVlp.Testing;

namespace DemoVlp.Shared.Tests;

public sealed class TraceTests
{
    [Fact]
    public async Task Upload_UntilItIsIndexed_IsOneTrace()
    {
        var token = TestContext.Current.CancellationToken;
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "MassTransit",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var data = new TemporaryFolder();
        await using var app = StandaloneHost.Build([$"--DEMOVLP_DATA={data.Path}", "--DEMOVLP_PORT=0"]);
        await app.StartAsync(token);
        using var client = new HttpClient { BaseAddress = new Uri($"{app.Urls.First()}/api/v1/") };

        using var form = new MultipartFormDataContent { { new ByteArrayContent(await File.ReadAllBytesAsync(await SampleClips.ThreeFramesAsync(token), token)), "file", "clip.mp4" } };
        using var response = await client.PostAsync("videos", form, token);
        var video = await response.Content.ReadFromJsonAsync<Video>(token);
        await Eventually.TrueAsync("the video is indexed", async ct =>
            (await client.GetFromJsonAsync<Video>($"videos/{video!.Id}", ct))!.Status == VideoStatus.Indexed, token, TimeSpan.FromMinutes(1));

        var trace = response.Headers.GetValues("X-Trace-Id").Single();
        string[] way = [QueueNames.FramesSample, QueueNames.RegionsExtract, QueueNames.QueryIndexVideo, QueueNames.CatalogTrackIndexed];
        await Eventually.TrueAsync("every step's span has ended", () => way.All(queue => spans.Any(span => Names(span, queue))), token);
        foreach (var queue in way) Assert.All(spans.Where(span => Names(span, queue)), span => Assert.Equal(trace, span.TraceId.ToString()));
        await app.StopAsync(token);
    }

    private static bool Names(Activity span, string queue) => span.DisplayName.StartsWith(queue, StringComparison.Ordinal);
}
