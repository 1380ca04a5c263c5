using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.Testing;

namespace DemoVlp.RegionExtraction.Tests;

public sealed class FileCommandsTests
{
    [Fact]
    public void Handle_WhenTheArgumentsAreTheServices_LeavesThemAlone()
    {
        Assert.Null(FileCommands.Handle([]));
        Assert.Null(FileCommands.Handle(["--urls", "http://127.0.0.1:0"]));
    }

    [Fact]
    public async Task ImportDetector_WhenTheFilesAreNoDetector_EndsWithAnErrorAndWritesNothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(2, FileCommands.Handle(["import-detector", "weights.pth"]));
        Assert.Equal(1, FileCommands.Handle(["import-detector", folder["absent.pth"], folder["absent.txt"], folder["absent.txt"], folder["detector"]]));
        foreach (var name in new[] { "weights.pth", "names.txt" }) await File.WriteAllTextAsync(folder[name], "nothing of the kind", TestContext.Current.CancellationToken);
        Assert.Equal(1, FileCommands.Handle(["import-detector", folder["weights.pth"], folder["names.txt"], folder["names.txt"], folder["detector"]]));
        Assert.False(Directory.Exists(folder["detector"]));
    }

    [Fact]
    public void ExportRegions_OfARegionFile_WritesTheFramesInTheOriginalFormat()
    {
        using var folder = new TemporaryFolder();
        FrameRegions[] frames = [.. Enumerable.Range(0, 2).Select(f => new FrameRegions(3 * f, f, 64, 48, [1 + f, 2, 3, 4], [1, 2, 30, 40, 5, 6, 20, 30], [7, 8], [0.9f, 0.8f], [1, 2], [0.5f, 0.25f]))];
        using (var file = File.Create(folder["regions.safetensors"])) new RegionFile("detector", "hash", 2, frames).Save(file);
        Assert.Equal(2, FileCommands.Handle(["export-regions", folder["regions.safetensors"]]));
        Assert.Equal(1, FileCommands.Handle(["export-regions", folder["absent"], folder["npz"]]));

        Assert.Equal(0, FileCommands.Handle(["export-regions", folder["regions.safetensors"], folder["npz"]]));

        Assert.Equal(["0.npz", "1.npz"], Directory.GetFiles(folder["npz"]).Select(Path.GetFileName).Order());
        foreach (var (i, frame) in frames.Index()) Assert.Equivalent(frame, ReferenceRegionFile.Read(folder[$"npz/{i}.npz"], frame.FrameIndex, frame.TimestampSeconds));
    }
}
