using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.Testing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;

namespace DemoVlp.RegionExtraction.Tests;

public sealed class DetectorWorkerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Start_WhenADirectoryIsConfigured_UsesThatDetector()
    {
        DetectorDirectory.CreateTiny(folder["mine"], ["cat", "dog"], ["red"], seed: 1);
        using var worker = Worker(folder["mine"]);
        Assert.Equal(HealthStatus.Unhealthy, (await worker.CheckHealthAsync(new(), Frames.Token)).Status);

        await worker.StartAsync(Frames.Token);
        var detector = await worker.CurrentAsync(Frames.Token);

        Assert.Equal(["cat", "dog"], detector.Classes);
        Assert.Equal(HealthStatus.Healthy, (await worker.CheckHealthAsync(new(), Frames.Token)).Status);
        await worker.StopAsync(Frames.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => worker.RunAsync(detector.Hash, _ => 1, Frames.Token));
    }

    [Fact]
    public async Task Start_WhenTheDetectorCannotBeLoaded_IsNeverReadyAndStopsTheHostWhileItsCallersWait()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Frames.Token);
        using var worker = Worker(folder["nothing-there"]);
        var early = worker.CurrentAsync(stopping.Token);

        await worker.StartAsync(Frames.Token);

        await Assert.ThrowsAsync<ModelFormatException>(() => worker.ExecuteTask!); // What makes the host stop.
        var late = worker.CurrentAsync(stopping.Token);
        Assert.Equal((false, false), (early.IsCompleted, late.IsCompleted)); // No video is blamed for it.
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => early);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late);
        Assert.Equal(HealthStatus.Unhealthy, (await worker.CheckHealthAsync(new(), Frames.Token)).Status);
    }

    [Fact]
    public async Task Start_WhenTheDeviceCannotBeUsed_FailsAtOnce()
    {
        await using var host = new ExtractionHost().WithWebHostBuilder(builder => builder.UseSetting("Compute:Device", "abacus"));

        Assert.Equal("device-unavailable", Assert.Throws<ComputeDeviceException>(() => host.Services).Code);
    }

    [Fact]
    public async Task Run_WhenAJobFails_TellsItsCallerAndGoesOn()
    {
        using var worker = Worker(directory: null);
        await worker.StartAsync(Frames.Token);
        var hash = (await worker.CurrentAsync(Frames.Token)).Hash;

        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.RunAsync<int>(hash, _ => throw new InvalidOperationException("bad frame"), Frames.Token));

        Assert.Equal(BuiltInDetector.Name, await worker.RunAsync(hash, detector => detector.Info.Name, Frames.Token));
        await worker.StopAsync(Frames.Token);
    }

    [Fact]
    public async Task BuiltIn_InBFloat16_FindsRegionsUnderAnotherHash()
    {
        using var exact = Worker(directory: null);
        using var rounded = Worker(new Settings<RegionExtractionOptions>(new()), ComputePrecision.BFloat16);
        await exact.StartAsync(Frames.Token);
        await rounded.StartAsync(Frames.Token);

        var (expected, actual) = (await exact.CurrentAsync(Frames.Token), await rounded.CurrentAsync(Frames.Token));
        await Assert.ThrowsAsync<OperationCanceledException>(() => rounded.RunAsync(actual.Hash, detector => detector.Extract([new FrameImage(0, 0, 96, 64, new byte[96 * 64 * 3])], 1, 1, new CancellationToken(true)), Frames.Token));
        var frames = await rounded.RunAsync(actual.Hash, detector => detector.Extract([new FrameImage(0, 0, 96, 64, new byte[96 * 64 * 3])], 1, 1, Frames.Token), Frames.Token);

        Assert.True(Assert.Single(frames).Count > 0);
        Assert.Equal(expected.Name, actual.Name);
        Assert.NotEqual(expected.Hash, actual.Hash); // What was made in float32 is extracted again, not mixed with this.
        await exact.StopAsync(Frames.Token);
        await rounded.StopAsync(Frames.Token);
    }

    [Fact]
    public async Task BuiltIn_WhereverItIsMade_IsTheSameDetector()
    {
        var first = await BuiltInDetector.EnsureAsync(new LocalArtifactStore(folder["a"]), Frames.Token);
        var second = await BuiltInDetector.EnsureAsync(new LocalArtifactStore(folder["b"]), Frames.Token);

        foreach (var file in Directory.EnumerateFiles(first))
            Assert.Equal(await File.ReadAllBytesAsync(file, Frames.Token), await File.ReadAllBytesAsync(Path.Combine(second, Path.GetFileName(file)), Frames.Token));
    }

    [Fact]
    public async Task Current_WhenTheDirectorysContentChanges_IsTheNewDetectorAndOldJobsAreRefused()
    {
        DetectorDirectory.CreateTiny(folder["mine"], ["cat"], ["red"], seed: 1);
        using var worker = Worker(folder["mine"]);
        await worker.StartAsync(Frames.Token);
        var old = await worker.CurrentAsync(Frames.Token);

        await File.WriteAllTextAsync(folder["mine/classes.txt"], "a tabby cat\n", Frames.Token);
        var current = await worker.CurrentAsync(Frames.Token);

        Assert.Equal(["a tabby cat"], current.Classes);
        Assert.NotEqual(old.Hash, current.Hash);
        Assert.True(current.LoadedAt > old.LoadedAt);
        await Assert.ThrowsAsync<DetectorReplacedException>(() => worker.RunAsync(old.Hash, _ => 1, Frames.Token));
        await worker.StopAsync(Frames.Token);
    }

    [Fact]
    public async Task Current_WhenAnotherDirectoryIsConfigured_IsThatDetector()
    {
        DetectorDirectory.CreateTiny(folder["a"], ["cat"], ["red"], seed: 1);
        DetectorDirectory.CreateTiny(folder["b"], ["dog"], ["red"], seed: 2);
        var settings = new Settings<RegionExtractionOptions>(new() { DetectorDirectory = folder["a"] });
        using var worker = Worker(settings);
        await worker.StartAsync(Frames.Token);
        Assert.Equal(["cat"], (await worker.CurrentAsync(Frames.Token)).Classes);

        settings.CurrentValue = new() { DetectorDirectory = folder["b"] };

        Assert.Equal(["dog"], (await worker.CurrentAsync(Frames.Token)).Classes);
        await worker.StopAsync(Frames.Token);
    }

    [Fact]
    public async Task Current_WhenTheNewDetectorIsBroken_StaysTheOldOneAndHealthSaysSoUntilItIsMended()
    {
        DetectorDirectory.CreateTiny(folder["mine"], ["cat"], ["red"], seed: 1);
        using var worker = Worker(folder["mine"]);
        await worker.StartAsync(Frames.Token);
        var old = await worker.CurrentAsync(Frames.Token);
        var weights = await File.ReadAllBytesAsync(folder["mine/model.safetensors"], Frames.Token);

        await File.WriteAllBytesAsync(folder["mine/model.safetensors"], weights[..^100], Frames.Token);
        Assert.Equal(old, await worker.CurrentAsync(Frames.Token));
        Assert.Equal(1, await worker.RunAsync(old.Hash, _ => 1, Frames.Token));
        var degraded = await worker.CheckHealthAsync(new(), Frames.Token);
        File.Delete(folder["mine/config.json"]);
        Assert.Equal(old, await worker.CurrentAsync(Frames.Token));
        var incomplete = await worker.CheckHealthAsync(new(), Frames.Token);

        Directory.Delete(folder["mine"], recursive: true);
        DetectorDirectory.CreateTiny(folder["mine"], ["dog"], ["red"], seed: 2);
        var mended = await worker.CurrentAsync(Frames.Token);

        Assert.Equal((HealthStatus.Degraded, HealthStatus.Degraded), (degraded.Status, incomplete.Status));
        Assert.Contains("config.json", incomplete.Description);
        Assert.Equal(["dog"], mended.Classes);
        Assert.Equal(HealthStatus.Healthy, (await worker.CheckHealthAsync(new(), Frames.Token)).Status);
        await worker.StopAsync(Frames.Token);
    }

    [Fact]
    public async Task Current_WhenTheDirectoryChangesWhileItIsRead_ReadsItAgainAndMixesNothing()
    {
        DetectorDirectory.CreateTiny(folder["mine"], ["cat"], ["red"], seed: 1);
        DetectorDirectory.CreateTiny(folder["next"], ["dog"], ["red"], seed: 2);
        var loader = new InterruptedLoader();
        using var worker = Worker(new Settings<RegionExtractionOptions>(new() { DetectorDirectory = folder["mine"] }), loader: loader);
        await worker.StartAsync(Frames.Token);
        var old = await worker.CurrentAsync(Frames.Token);

        // Its names come first, its weights while they are read.
        loader.Loaded = () =>
        {
            loader.Loaded = null;
            File.Copy(folder["next/model.safetensors"], folder["mine/model.safetensors"], overwrite: true);
        };
        File.Copy(folder["next/classes.txt"], folder["mine/classes.txt"], overwrite: true);
        var seen = new List<DetectorInfo>();
        await Eventually.TrueAsync("the new detector is in use", async stop =>
        {
            seen.Add(await worker.CurrentAsync(stop));
            return seen[^1].Hash != old.Hash;
        }, Frames.Token);

        Assert.Equal(DetectorDirectory.HashOf(folder["mine"]), seen[^1].Hash);
        Assert.Equal(["dog"], seen[^1].Classes);
        Assert.All(seen.SkipLast(1), detector => Assert.Equal(old, detector));
        Assert.Equal(3, loader.Loads);
        await worker.StopAsync(Frames.Token);
    }

    private DetectorWorker Worker(string? directory) => Worker(new Settings<RegionExtractionOptions>(new() { DetectorDirectory = directory }));

    private DetectorWorker Worker(Settings<RegionExtractionOptions> settings, ComputePrecision precision = ComputePrecision.Float32, IDetectorLoader? loader = null) => new(
        new LocalArtifactStore(folder["store"]), settings, new ComputeSettings(TorchSharp.torch.CPU, precision, 1), loader ?? new TorchDetectorLoader(), NullLogger<DetectorWorker>.Instance);

    /// <summary>Has something happen to the directory before what was read of it is handed over.</summary>
    private sealed class InterruptedLoader : IDetectorLoader
    {
        public Action? Loaded { get; set; }

        public int Loads { get; private set; }

        public IFrameDetector Load(string directory, ComputeSettings compute)
        {
            Loads++;
            var detector = new TorchDetectorLoader().Load(directory, compute);
            Loaded?.Invoke();
            return detector;
        }
    }
}
