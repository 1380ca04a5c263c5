using DemoVlp.Client;
using DemoVlp.Contracts.Http;
using DemoVlp.MovingShapes;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>What DemoVLP is for: words that the shipped model has never seen are learnt from a user's own captioned clips, through the API, in minutes, and then found.</summary>
public sealed class FineTuningTests(StandaloneSystem system) : IClassFixture<StandaloneSystem>
{
    // What is learnt from and how; small, so that it takes two cores no more than two or three minutes, clips included.
    private const int Taught = 60, Unseen = 50, Epochs = 60, BatchSize = 32;
    private const double LearningRate = 5e-4;

    // Each unseen clip is looked for among all of them and the twin of each, which only the new words tell from it. Who does not know these words finds half of the clips before their twin.
    private const double LeastToldApart = 68, LeastToldApartGained = 10, HighestMeanRank = 2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FineTuning_OnClipsWithNewWords_FindsUnseenClipsByThem()
    {
        using var folder = new TemporaryFolder();
        var unseen = NewWords.Clips(Split.Test).Take(Unseen).ToList();
        // What a new word means shows best beside what it does not: each scene once with it and once without.
        var known = NewWords.Clips(Split.Train).Take(Taught).SelectMany(clip => new[] { (clip.Scene, clip.Captions), (Scene: NewWords.FamiliarTwin(clip.Scene), Captions: NewWords.CaptionsOfTwin(clip)) }).ToList();
        var ids = await UploadAsync(folder, [.. unseen.Select(clip => (clip.Scene, Untold)), .. unseen.Select(clip => (NewWords.FamiliarTwin(clip.Scene), Untold)), .. known]);
        var among = ids[..(2 * Unseen)];
        await Eventually.TrueAsync("the library holds all that have captions", async token =>
            (await system.Client.GetDatasetAsync("library", token)).Clips == known.Count, Token);

        var before = await FindAsync(unseen, among);
        var run = await system.Client.TrainAsync(new TrainingRunRequest
        {
            // Chosen by a handful of clips the best model would be any; the last one it is.
            Task = "retrieval", Dataset = "library", Epochs = Epochs, BatchSize = BatchSize, LearningRate = LearningRate, Validate = false,
        }, Token);
        Assert.True(run.State == RunState.Completed, $"{run.State} {run.Failure}\n{system.Logs}");
        await system.Client.SwitchToAsync(run.ModelVersion!, Token);
        var after = await FindAsync(unseen, among);

        var found = $"Before: {before}. After {run.Step} steps in {run.WallSeconds:0} s: {after}.";
        TestContext.Current.TestOutputHelper?.WriteLine(found);
        Assert.True(after.ToldApart >= LeastToldApart && after.ToldApart - before.ToldApart >= LeastToldApartGained, found);
        Assert.True(after.MeanRank <= HighestMeanRank, found);
    }

    private static IReadOnlyList<string> Untold => [];

    private async Task<List<Guid>> UploadAsync(TemporaryFolder folder, IReadOnlyList<(Scene Scene, IReadOnlyList<string> Captions)> clips)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, clips.Count), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = Token },
            async (i, token) => await ClipEncoder.WriteAsync(clips[i].Scene, folder[$"{i}.mp4"], token));
        var ids = new List<Guid>();
        for (var i = 0; i < clips.Count; i++)
        {
            await using var file = File.OpenRead(folder[$"{i}.mp4"]);
            ids.Add((await system.Client.UploadAsync(file, new VideoUpload($"{i}.mp4") { Captions = clips[i].Captions }, cancellationToken: Token)).Video.Id);
        }
        Assert.Equal(clips.Count, ids.Distinct().Count());
        foreach (var id in ids)
        {
            var video = await system.Library.SettledAsync(id, Token, TimeSpan.FromMinutes(4));
            Assert.True(video.Status == VideoStatus.Indexed, $"{video.Failure}\n{system.Logs}");
        }
        return ids;
    }

    // The first caption names everything in a clip with all its traits; clip i is video i of those looked among, its twin comes as many places later as there are clips.
    private async Task<Found> FindAsync(List<Clip> clips, List<Guid> among)
    {
        var (toldApart, ranks) = (0, new List<int>());
        for (var i = 0; i < clips.Count; i++)
        {
            var answer = await system.Client.SearchAsync(new SearchRequest { Query = clips[i].Captions[0], Limit = among.Count, Filter = new SearchFilter { Videos = among } }, Token);
            var order = answer.Items.Select(hit => hit.VideoId).ToList();
            Assert.Equal(among.Count, order.Count);
            var (own, twin) = (order.IndexOf(among[i]), order.IndexOf(among[clips.Count + i]));
            ranks.Add(1 + own);
            if (own < twin) toldApart++;
        }
        return new Found(100.0 * toldApart / ranks.Count, 100.0 * ranks.Count(rank => rank == 1) / ranks.Count, ranks.Average());
    }

    /// <summary>How far up the clips stood: percentage before their twin, percentage first, mean rank.</summary>
    private sealed record Found(double ToldApart, double First, double MeanRank)
    {
        public override string ToString() => FormattableString.Invariant($"{ToldApart:0} % before their twin, {First:0} % first of all, mean rank {MeanRank:0.0}");
    }
}
