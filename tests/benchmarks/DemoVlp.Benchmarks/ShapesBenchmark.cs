using DemoVlp.Client;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling.VideoLanguage.Evaluation;
using DemoVlp.MovingShapes;
using DemoVlp.Testing;
using Clip = DemoVlp.MovingShapes.Clip;

namespace DemoVlp.Benchmarks;

/// <summary>
/// What a running system finds and answers, as a client app sees it: mp4 files of clips that no model was trained on go in through the gateway, and every figure is
/// computed from what comes out of it.
/// </summary>
internal sealed class ShapesBenchmark(PatientClient client, IReadOnlyList<Clip> clips)
{
    internal const int ClipsByDefault = 200;

    // The shipped models are trained on clips of other seeds; the split "test" has no scene in common with theirs, whatever the seed.
    private const ulong Seed = 8;
    private const int Page = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Measures the system at an address, or one that it starts.</summary>
    /// <returns>0 if all that is required is reached.</returns>
    internal static async Task<int> RunAsync(string? url, int count, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        await using var own = url is null ? await ServiceProcess.StartAsync("DemoVlp.Standalone", new Dictionary<string, string> { ["DEMOVLP_DATA"] = folder["data"] }, cancellationToken) : null;
        using var client = DemoVlpClient.Create(new DemoVlpClientOptions { BaseAddress = own?.Address ?? new Uri(url!), ApiKey = Environment.GetEnvironmentVariable("DEMOVLP_API_KEY") });
        var benchmark = new ShapesBenchmark(new PatientClient(client), [.. Clip.Of(Seed, Vocabulary.Standard, Split.Test).Take(count)]);
        var videos = await benchmark.UploadAsync(folder.Path, cancellationToken);
        await benchmark.IndexedAsync(videos, cancellationToken);
        var report = new ShapesReport(
            await benchmark.SearchAsync(videos, cancellationToken), await benchmark.AskAsync(videos, cancellationToken), await benchmark.ChooseAsync(videos, cancellationToken));
        report.Print();
        return report.Reached ? 0 : 1;
    }

    private async Task<IReadOnlyList<Guid>> UploadAsync(string folder, CancellationToken cancellationToken)
    {
        var progress = new ProgressLine("Drawn", clips.Count);
        string PathOf(Clip clip) => Path.Combine(folder, $"{clip.Scene.Id}.mp4");
        await Parallel.ForEachAsync(clips, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, async (clip, token) =>
        {
            await ClipEncoder.WriteAsync(clip.Scene, PathOf(clip), token);
            progress.Done();
        });
        return await client.ForEachAsync("Uploaded", clips, async (it, clip) =>
        {
            await using var file = File.OpenRead(PathOf(clip));
            // Without captions: what is found is found by what was seen.
            return (await it.UploadAsync(file, new VideoUpload(Path.GetFileName(file.Name)), cancellationToken: cancellationToken)).Video.Id;
        }, cancellationToken);
    }

    private async Task IndexedAsync(IReadOnlyList<Guid> videos, CancellationToken cancellationToken)
    {
        // A new system puts its models in service a moment after it takes requests.
        await Eventually.TrueAsync("models answer, and none is being put in service", async token =>
            await client.CallAsync(async it => await it.ListModelsAsync(token).ToListAsync(token), token) is var models && models.Count(m => m.Active) >= 2 && !models.Exists(m => m.Activation == "activating"),
            cancellationToken, Patience);
        var progress = new ProgressLine("Indexed", videos.Count);
        foreach (var id in videos)
        {
            var video = await Eventually.ValueAsync($"video {id} is indexed",
                async token => await client.CallAsync(it => it.GetVideoAsync(id, token), token) is { Status: VideoStatus.Indexed or VideoStatus.Failed } settled ? settled : null, cancellationToken, Patience);
            if (video.Failure is { } failure) throw new InvalidOperationException($"{video.Title} failed: {failure.Detail} ({failure.Code})");
            progress.Done();
        }
    }

    private Task<IReadOnlyList<Found>> SearchAsync(IReadOnlyList<Guid> videos, CancellationToken cancellationToken) => client.ForEachAsync("Searched", clips.Zip(videos).ToList(), async (it, clip) =>
    {
        // Other videos of a library that is in use do not count.
        var request = new SearchRequest { Query = clip.First.Captions[0], Limit = Page, Filter = new SearchFilter { Videos = videos } };
        for (var rank = 0; ;)
        {
            var page = await it.SearchAsync(request, cancellationToken);
            var at = page.Items.Select(hit => hit.VideoId).ToList().IndexOf(clip.Second);
            if (at >= 0) return new Found(rank + at, page.ModelVersion);
            rank += page.Items.Count;
            // Not found at all counts as found behind all others.
            if (page.NextCursor is null) return new Found(videos.Count, page.ModelVersion);
            request = request with { Cursor = page.NextCursor };
        }
    }, cancellationToken);

    private Task<IReadOnlyList<Answered>> AskAsync(IReadOnlyList<Guid> videos, CancellationToken cancellationToken) =>
        client.ForEachAsync("Asked", clips.Zip(videos).SelectMany(c => c.First.Questions.Select((question, i) => (Id: $"{c.First.Scene.Id}/{i}", Question: question, Video: c.Second))).ToList(), async (it, asked) =>
        {
            var response = await it.AskAsync(asked.Video, asked.Question.Text, 1, cancellationToken);
            return new Answered(new AnswerPrediction(asked.Id, response.Answers[0].Text, asked.Question.Answer, asked.Question.Kind), response.ModelVersion);
        }, cancellationToken);

    private Task<IReadOnlyList<Chosen>> ChooseAsync(IReadOnlyList<Guid> videos, CancellationToken cancellationToken) => client.ForEachAsync("Chosen", clips.Zip(videos).ToList(), async (it, clip) =>
    {
        var choice = clip.First.Choices[0];
        var response = await it.ChooseAsync(clip.Second, choice.Options, cancellationToken: cancellationToken);
        return new Chosen(choice.Changed[response.Best], response.ModelVersion);
    }, cancellationToken);
}

/// <summary>Where a search found the clip that its words describe.</summary>
/// <param name="Rank">From 0.</param>
/// <param name="Model">The model that answered.</param>
internal sealed record Found(double Rank, string Model);

/// <summary>The most probable answer to a question.</summary>
internal sealed record Answered(AnswerPrediction Answer, string Model);

/// <summary>A multiple choice.</summary>
/// <param name="Wrong">The trait in which the chosen option is wrong; null if it is right.</param>
/// <param name="Model">The model that answered.</param>
internal sealed record Chosen(string? Wrong, string Model);
