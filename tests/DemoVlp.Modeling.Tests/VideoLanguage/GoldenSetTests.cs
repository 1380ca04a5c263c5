using System.Reflection;
using System.Security.Cryptography;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>The golden set itself: whole, and covered by a test case for case. <see cref="GoldenCase.Verify"/> sees to it that each case is covered output for output.</summary>
[Trait("Category", "parity")]
public sealed class GoldenSetTests
{
    [Fact]
    public void EveryCaseOfTheIndex_IsComparedByATest()
    {
        var families = typeof(GoldenSetTests).Assembly.GetTypes().Where(t => t.GetCustomAttributes<TraitAttribute>().Any(a => a is { Name: "Category", Value: "parity" }))
            .SelectMany(t => t.GetMethods()).Select(m => m.GetCustomAttribute<GoldenCasesAttribute>()?.Family).OfType<string>().ToHashSet();
        Assert.NotEmpty(GoldenSet.Cases);
        Assert.All(GoldenSet.Cases, c => Assert.Single(families, f => c.StartsWith(f, StringComparison.Ordinal)));
    }

    [Fact]
    public void EveryFileOfTheIndex_IsThereAsItWasWritten()
    {
        Assert.All(GoldenSet.Cases, c => Assert.True(File.Exists(GoldenSet.File_("cases", c + ".json")), c));
        if (!GoldenSet.Index.TryGetProperty("files", out var files)) return;
        Assert.All(files.EnumerateObject(), file =>
            Assert.Equal(file.Value.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(GoldenSet.File_(file.Name))))));
    }

    [Fact]
    public void Verify_WhenAnOutputIsNotCompared_Fails()
    {
        var name = GoldenSet.Cases.FirstOrDefault(c => c.StartsWith("03_retrieval", StringComparison.Ordinal)) ?? throw Xunit.Sdk.SkipException.ForSkip("The golden set has no case 03_retrieval.");
        var fault = Record.Exception(() => GoldenCase.Verify(name, golden => golden.Check("global_sim", golden.Out("global_sim") + 1)));
        Assert.Contains("global_sim: differs by 1", fault!.Message, StringComparison.Ordinal);
        Assert.Contains("output object_mask: no test compares it", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("output global_sim", fault.Message, StringComparison.Ordinal);
    }
}
