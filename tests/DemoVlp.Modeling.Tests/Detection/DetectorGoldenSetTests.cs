using System.Reflection;

namespace DemoVlp.Modeling.Tests.Detection;

/// <summary>The detector's golden set itself: nothing of it is left out of the comparison.</summary>
[Trait("Category", "parity")]
public sealed class DetectorGoldenSetTests : IDisposable
{
    private readonly DetectorGoldens goldens = new();

    public void Dispose() => goldens.Dispose();

    [Fact]
    public void EveryTensorOfTheManifest_IsReadByAParityTest()
    {
        foreach (var tests in typeof(DetectorGoldenSetTests).Assembly.GetTypes().Where(t => t.GetConstructor([typeof(DetectorGoldens)]) is not null))
            foreach (var test in tests.GetMethods().Where(m => m.IsDefined(typeof(FactAttribute)) && m.GetParameters().Length == 0))
                Run(tests, test);

        Assert.Empty(goldens.Unread);
    }

    [Fact]
    public void Unread_WhenATensorIsNotRead_NamesIt()
    {
        _ = goldens["proposals"];

        Assert.Contains("anchors", goldens.Unread);
        Assert.DoesNotContain("proposals", goldens.Unread);
    }

    [Fact]
    public void EveryWeightOfTheManifest_IsOneOfTheNetworks()
    {
        var network = goldens.Network.state_dict();

        // Some checkpoints count batches too, which only training reads.
        foreach (var weight in goldens.Entries("weights").Where(w => !w.GetProperty("name").GetString()!.EndsWith("num_batches_tracked", StringComparison.Ordinal)))
            Assert.Equal(weight.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64()), network[weight.GetProperty("name").GetString()!].shape);
    }

    [Fact]
    public void EveryFileOfTheManifest_IsThereAsItWasWritten()
    {
        if (!goldens.Manifest.TryGetProperty("files", out var files)) return;
        Assert.All(files.EnumerateObject(), file => Assert.Equal(file.Value.GetInt64(), new FileInfo(Path.Combine(DetectorGoldens.Folder, file.Name)).Length));
    }

    private void Run(Type tests, MethodInfo test)
    {
        var instance = Activator.CreateInstance(tests, goldens);
        using (instance as IDisposable) test.Invoke(instance, BindingFlags.DoNotWrapExceptions, null, null, null);
    }
}
