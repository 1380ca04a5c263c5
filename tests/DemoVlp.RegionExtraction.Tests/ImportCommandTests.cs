using DemoVlp.RegionExtraction.Detectors;
using DemoVlp.Testing;

namespace DemoVlp.RegionExtraction.Tests;

public sealed class ImportCommandTests
{
    [Fact]
    public void Handle_WhenTheArgumentsAreTheServices_LeavesThemAlone()
    {
        Assert.Null(ImportCommand.Handle([]));
        Assert.Null(ImportCommand.Handle(["--urls", "http://127.0.0.1:0"]));
    }

    [Fact]
    public async Task Handle_WhenTheFilesAreNoDetector_EndsWithAnErrorAndWritesNothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(2, ImportCommand.Handle(["import-detector", "weights.pth"]));
        Assert.Equal(1, ImportCommand.Handle(["import-detector", folder["absent.pth"], folder["absent.txt"], folder["absent.txt"], folder["detector"]]));
        foreach (var name in new[] { "weights.pth", "names.txt" }) await File.WriteAllTextAsync(folder[name], "nothing of the kind", TestContext.Current.CancellationToken);
        Assert.Equal(1, ImportCommand.Handle(["import-detector", folder["weights.pth"], folder["names.txt"], folder["names.txt"], folder["detector"]]));
        Assert.False(Directory.Exists(folder["detector"]));
    }
}
