using System.Reflection;
using System.Text.Json;
using Xunit.Sdk;
using Xunit.v3;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

/// <summary>
/// The golden numbers the tests read: the folder <c>DEMOVLP_GOLDENS</c> names, or the copy beside the tests. Its index lists the cases; a case
/// belongs to the family its name begins with (<c>02_object_f4n5</c> to <c>02_object</c>), so that a set of other sizes is read as this one is.
/// </summary>
internal static class GoldenSet
{
    internal static readonly string Root = Path.Combine(GoldenFolder(), "model");

    internal static readonly JsonElement Index = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "index.json"))).RootElement;

    internal static IReadOnlyList<string> Cases { get; } = [.. Index.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("case").GetString()!)];

    internal static IEnumerable<string> Family(string family) => Cases.Where(c => c.StartsWith(family, StringComparison.Ordinal));

    internal static string File_(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The folder that holds the solution.</summary>
    internal static string Repository()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "DemoVlp.sln"))) return directory.FullName;
        throw new DirectoryNotFoundException("No folder above the tests holds DemoVlp.sln; set DEMOVLP_GOLDENS.");
    }

    internal static string GoldenFolder() =>
        Environment.GetEnvironmentVariable("DEMOVLP_GOLDENS") is { Length: > 0 } folder ? folder : Path.Combine(Repository(), "tests", "goldens");
}

/// <summary>Gives a theory the names of all cases of a family. Use with <c>[Theory(SkipTestWithoutData = true)]</c>: a set need not have every family.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenCasesAttribute(string family) : DataAttribute
{
    internal string Family => family;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. GoldenSet.Family(family).Select(c => new TheoryDataRow<string>(c))]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
