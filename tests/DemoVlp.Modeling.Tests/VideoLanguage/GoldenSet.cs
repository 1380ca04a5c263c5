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
    internal static readonly string Root = Folder("model", "index.json");

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

    /// <summary>Where the golden numbers of one kind are: in the folder named by <c>DEMOVLP_GOLDENS</c> if it has that kind, or else beside the tests.</summary>
    internal static string Folder(string kind, string mark)
    {
        var usual = Path.Combine(Repository(), "tests", "goldens", kind);
        if (Environment.GetEnvironmentVariable("DEMOVLP_GOLDENS") is not { Length: > 0 } named) return usual;
        bool Has(params string[] parts) => File.Exists(Path.Combine([named, .. parts]));
        if (Has(kind, mark)) return Path.Combine(named, kind);
        if (Has(mark)) return named;
        // A set may be of one kind alone, but one of neither is a mistake that must not pass.
        return Has("model", "index.json") || Has("index.json") || Has("detector", "manifest.json") || Has("manifest.json") ? usual
            : throw new DirectoryNotFoundException($"DEMOVLP_GOLDENS names {named}, which holds no golden set.");
    }
}

/// <summary>Gives a theory the names of all cases of a family. A set need not have every family: the theory is skipped then.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenCasesAttribute(string family) : DataAttribute
{
    internal string Family => family;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new(GoldenSet.Family(family).Any()
            ? [.. GoldenSet.Family(family).Select(c => new TheoryDataRow<string>(c))]
            : [new TheoryDataRow<string>(family) { Skip = $"The golden set has no case {family}." }]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
