using System.Net.Http.Json;
using DemoVlp.Contracts.Videos;
using DemoVlp.Testing;
using DemoVlp.Training.Data;
using DemoVlp.Training.Datasets;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Tests;

/// <summary>Generated clips whose features another detector made.</summary>
public sealed class ClipRenewalTests : IDisposable
{
    private static readonly DateTime Start = DateTime.UtcNow;
    private readonly TrainingApp app = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => app.Dispose();

    [Fact]
    public async Task Prepare_WhenAnotherDetectorIsInUse_HasTheClipsExtractedAgainOnce()
    {
        await MakeAsync(seenBy: _ => "first");
        await LoadAsync("first", 0);
        await PrepareAsync();
        Assert.Equal(2, app.Neighbours.Videos.Count);

        app.Neighbours.Detector = _ => "second";
        await LoadAsync("second", 1);
        await LoadAsync("first", -1); // A late message of what was.
        await PrepareAsync();
        await PrepareAsync();

        Assert.Equal(4, app.Neighbours.Videos.Count);
        Assert.Equal(2, app.Neighbours.Videos.Select(v => v.VideoId).Distinct().Count());
        Assert.All(await RowsAsync(), row => Assert.Equal(("second", true), (row.DetectorHash, row.Regions is not null)));
    }

    [Fact]
    public async Task Prepare_WhenTheDetectorChangesMeanwhile_EndsWithFeaturesOfTheNewOneAlone()
    {
        await MakeAsync(seenBy: clip => clip == "train0" ? "first" : "second");
        await LoadAsync("first", 0);
        app.Neighbours.Extraction = clip => clip == "train0" ? "extract" : "nothing";
        var preparing = PrepareAsync();
        await Eventually.TrueAsync("one is answered", async _ => (await RowsAsync()).Exists(r => r.Regions is not null) && app.Neighbours.Videos.Count == 2, Stop);

        app.Neighbours.Detector = _ => "second";
        await LoadAsync("second", 1);
        app.Neighbours.Extraction = _ => "extract";
        app.Time.Forward(TimeSpan.FromMinutes(3)); // What was not answered is asked for again.
        await preparing;

        Assert.All(await RowsAsync(), row => Assert.Equal(("second", true), (row.DetectorHash, row.Regions is not null)));
    }

    [Fact]
    public async Task Prepare_WhenWorkersHaveDifferentDetectors_EndsAndWarnsOfTheMix()
    {
        await MakeAsync(seenBy: clip => clip == "train0" ? "first" : "second");
        await LoadAsync("first", 0);

        await PrepareAsync();

        Assert.Equal(1 + 3, app.Neighbours.Videos.Count);
        var warning = Assert.Single(app.Warnings.Messages, m => m.Contains("several detectors", StringComparison.Ordinal));
        Assert.Contains("first", warning, StringComparison.Ordinal);
        Assert.Contains("second", warning, StringComparison.Ordinal);
    }

    private async Task MakeAsync(Func<string, string?> seenBy)
    {
        app.Neighbours.Detector = seenBy;
        (await app.CreateClient().PostAsJsonAsync("/api/v1/datasets", ShapesDatasetTests.Shapes("shapes", 2), Stop)).EnsureSuccessStatusCode();
    }

    private async Task LoadAsync(string detector, int minutes)
    {
        var known = await app.InDatabaseAsync(database => database.Detectors.CountAsync(Stop));
        await app.PublishAsync(new DetectorLoaded { Name = detector, Sha256 = detector, LoadedAt = Start.AddMinutes(minutes) }, Stop);
        if (minutes >= 0) await Eventually.TrueAsync("the detector is known", async stop => await app.InDatabaseAsync(database => database.Detectors.CountAsync(stop)) > known, Stop);
    }

    private Task<List<DatasetClipRow>> RowsAsync() => app.InDatabaseAsync(database => database.DatasetClips.AsNoTracking().ToListAsync(Stop));

    private Task<int> PrepareAsync() => app.InScopeAsync<DatasetCatalog, int>(async catalog =>
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromMinutes(2));
        await (await catalog.FindAsync("shapes", Stop))!.PrepareAsync(["train"], null, deadline.Token);
        return 0;
    });
}
