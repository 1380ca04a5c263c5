using DemoVlp.Testing;

namespace DemoVlp.Modeling.Tests;

/// <summary>The golden files of this repository, whatever set the parity tests run on: for tests that know their names and sizes.</summary>
internal static class CommittedGoldens
{
    internal static readonly string Root = Path.Combine(RepositoryRoot.Find(), "tests", "goldens");

    internal static string Weights(string file) => Path.Combine(Root, "model", "weights", file);

    internal static string Regions(params string[] parts) => Path.Combine([Root, "model", "npz", .. parts]);
}
