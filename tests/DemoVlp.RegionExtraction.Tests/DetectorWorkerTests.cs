using DemoVlp.Artifacts;
using DemoVlp.Modeling;
using DemoVlp.Modeling.Detection;
using DemoVlp.Testing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

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
        var detector = await worker.LoadedAsync(Frames.Token);

        Assert.Equal(["cat", "dog"], detector.Classes);
        Assert.Equal(HealthStatus.Healthy, (await worker.CheckHealthAsync(new(), Frames.Token)).Status);
        await worker.StopAsync(Frames.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => worker.RunAsync(_ => 1, Frames.Token));
    }

    [Fact]
    public async Task Start_WhenTheDetectorCannotBeLoaded_IsNeverReadyAndStopsTheHostWhileItsCallersWait()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Frames.Token);
        using var worker = Worker(folder["nothing-there"]);
        var early = worker.LoadedAsync(stopping.Token);

        await worker.StartAsync(Frames.Token);

        await Assert.ThrowsAsync<ModelFormatException>(() => worker.ExecuteTask!); // What makes the host stop.
        var late = worker.LoadedAsync(stopping.Token);
        Assert.Equal((false, false), (early.IsCompleted, late.IsCompleted)); // No video is blamed for it.
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => early);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late);
        Assert.Equal(HealthStatus.Unhealthy, (await worker.CheckHealthAsync(new(), Frames.Token)).Status);
    }

    [Fact]
    public async Task Start_WhenTheDeviceCannotBeUsed_FailsAtOnce()
    {
        using var worker = Worker(directory: null, device: "abacus");

        Assert.Equal("device-unavailable", (await Assert.ThrowsAsync<ComputeDeviceException>(() => worker.StartAsync(Frames.Token))).Code);
    }

    [Fact]
    public async Task Run_WhenAJobFails_TellsItsCallerAndGoesOn()
    {
        using var worker = Worker(directory: null);
        await worker.StartAsync(Frames.Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.RunAsync<int>(_ => throw new InvalidOperationException("bad frame"), Frames.Token));

        Assert.Equal("moving-shapes-1", await worker.RunAsync(extractor => extractor.Detector, Frames.Token));
        await worker.StopAsync(Frames.Token);
    }

    [Fact]
    public async Task BuiltIn_WhereverItIsMade_IsTheSameDetector()
    {
        var first = await BuiltInDetector.EnsureAsync(new LocalArtifactStore(folder["a"]), Frames.Token);
        var second = await BuiltInDetector.EnsureAsync(new LocalArtifactStore(folder["b"]), Frames.Token);

        foreach (var file in Directory.EnumerateFiles(first))
            Assert.Equal(await File.ReadAllBytesAsync(file, Frames.Token), await File.ReadAllBytesAsync(Path.Combine(second, Path.GetFileName(file)), Frames.Token));
    }

    private DetectorWorker Worker(string? directory, string device = "cpu") => new(new LocalArtifactStore(folder["store"]),
        Options.Create(new RegionExtractionOptions { DetectorDirectory = directory }), Options.Create(new ComputeOptions { Device = device }), NullLogger<DetectorWorker>.Instance);
}
