using System.IO.Compression;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Import;
using DemoVlp.RegionExtraction.Extraction;
using DemoVlp.Testing;
using SkiaSharp;

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

    [Fact]
    public void FindBoxesAndDescribeBoxes_OfAFolderOfPictures_AreTheOriginalProjectsTwoStages()
    {
        using var folder = new TemporaryFolder();
        var (detector, pictures) = TwoPictures(folder);

        Assert.Equal(0, FileCommands.Handle(["find-boxes", detector, pictures, folder["boxes"]]));
        Assert.Equal(0, FileCommands.Handle(["describe-boxes", detector, pictures, folder["boxes"], folder["regions"]]));

        using var extractor = RegionExtractor.Load(detector, "auto");
        foreach (var (name, file) in new[] { ("a", "a.jpg"), ("b", "b.of.two.jpg") })
        {
            var picture = FrameReader.Read(Path.Combine(pictures, file));
            var boxes = extractor.FindBoxes(picture).Boxes;
            using (var written = ZipFile.OpenRead(folder[$"boxes/{name}.npz"]))
                Assert.Equal(["bbox.npy", "num_bbox.npy", "image_h.npy", "image_w.npy"], written.Entries.Select(e => e.FullName));
            Assert.Equal(boxes, ReferenceRegionFile.ReadBoxes(folder[$"boxes/{name}.npz"]));
            Assert.Equivalent(extractor.Describe(picture, boxes), ReferenceRegionFile.Read(folder[$"regions/{name}.npz"], 0));
        }
        Assert.Equal(4, Directory.GetFiles(folder["boxes"]).Length + Directory.GetFiles(folder["regions"]).Length);
    }

    [Fact]
    public void DescribeBoxes_OfARegionFilesBoxes_GivesItsRegionsAgain()
    {
        using var folder = new TemporaryFolder();
        var (detector, pictures) = TwoPictures(folder);
        using var extractor = RegionExtractor.Load(detector, "auto");
        var found = extractor.Extract([FrameReader.Read(Path.Combine(pictures, "a.jpg"))], 1)[0];
        Directory.CreateDirectory(folder["found"]);
        ReferenceRegionFile.Write(folder["found/a.npz"], found);

        Assert.Equal(1, FileCommands.Handle(["describe-boxes", detector, pictures, folder["found"], folder["regions"]])); // There are no boxes for the other picture.

        var described = ReferenceRegionFile.Read(folder["regions/a.npz"], 0);
        Assert.Equal(found.Boxes, described.Boxes);
        Assert.Equal(found.ClassIds, described.ClassIds);
        Assert.All(found.Features.Zip(described.Features), f => Assert.Equal(f.First, f.Second, 1e-3));
        Assert.Equal("a.npz", Path.GetFileName(Assert.Single(Directory.GetFiles(folder["regions"]))));
    }

    [Fact]
    public async Task FindBoxes_WhenAPictureIsDoneOrUnusable_GoesOnWithTheOthers()
    {
        using var folder = new TemporaryFolder();
        var (detector, pictures) = TwoPictures(folder);
        await File.WriteAllTextAsync(Path.Combine(pictures, "aa.jpg"), "no picture", Frames.Token);
        Directory.CreateDirectory(folder["boxes"]);
        await File.WriteAllTextAsync(folder["boxes/a.npz"], "kept", Frames.Token);

        Assert.Equal(1, FileCommands.Handle(["find-boxes", detector, pictures, folder["boxes"]]));

        Assert.Equal(["a.npz", "b.npz"], Directory.GetFiles(folder["boxes"]).Select(Path.GetFileName).Order());
        Assert.Equal("kept", await File.ReadAllTextAsync(folder["boxes/a.npz"], Frames.Token));
    }

    [Fact]
    public void FindBoxes_WhenWhatItNeedsIsNotThere_EndsWithAnError()
    {
        using var folder = new TemporaryFolder();
        var (detector, pictures) = TwoPictures(folder);
        Assert.Equal(2, FileCommands.Handle(["find-boxes", detector, pictures]));
        Assert.Equal(2, FileCommands.Handle(["describe-boxes", detector, pictures, folder["boxes"]]));
        Assert.Equal(1, FileCommands.Handle(["find-boxes", folder["absent"], pictures, folder["boxes"]]));
        Assert.Equal(1, FileCommands.Handle(["find-boxes", detector, folder["absent"], folder["boxes"]]));
        Assert.False(Directory.Exists(folder["boxes"]));
    }

    private static (string Detector, string Pictures) TwoPictures(TemporaryFolder folder)
    {
        DetectorDirectory.CreateTiny(folder["detector"], ["cat", "dog"], ["red", "blue"], seed: 1);
        Directory.CreateDirectory(folder["pictures"]);
        File.WriteAllBytes(folder["pictures/a.jpg"], Frames.Draw(96, 64, SKColors.White, SKColors.Red));
        File.WriteAllBytes(folder["pictures/b.of.two.jpg"], Frames.Draw(64, 96, SKColors.Black, SKColors.Blue));
        return (folder["detector"], folder["pictures"]);
    }
}
