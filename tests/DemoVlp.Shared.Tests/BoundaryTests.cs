using System.Xml.Linq;

namespace DemoVlp.Shared.Tests;

/// <summary>Who may know whom, read from the project files and from the built assemblies.</summary>
public sealed class BoundaryTests
{
    private static readonly string[] Services = ["Catalog", "FrameSampling", "RegionExtraction", "TextTokenization", "Training", "QueryAnswering"];

    [Fact]
    public void Services_NoneReferencesAnother()
    {
        foreach (var service in Services)
            Assert.Empty(References(service).Intersect(Services.Where(s => s != service).Append("Standalone").Append("Gateway")));
    }

    [Fact]
    public void Services_ExceptThoseThatComputeWithTensors_DoNotReferenceModeling()
    {
        foreach (var service in Services.Except(["RegionExtraction", "Training", "QueryAnswering"]))
            Assert.DoesNotContain("Modeling", References(service));
    }

    [Fact]
    public void Contracts_ReferenceNothing()
    {
        Assert.Empty(Project("Contracts").Descendants("PackageReference"));
        Assert.Empty(Project("Contracts").Descendants("ProjectReference"));
    }

    [Fact]
    public void Modeling_KnowsNoBusDatabaseOrHost()
    {
        string[] allowed = ["TorchSharp", "System.Numerics.Tensors", "CsvHelper"];
        Assert.Empty(Packages("Modeling").Except(allowed));
        Assert.Empty(References("Modeling"));
        Assert.Empty(Project("Modeling").Descendants("FrameworkReference"));
    }

    [Fact]
    public void RabbitMqPackage_OnlyMessagingReferencesIt()
    {
        foreach (var project in ProductProjects().Where(p => NameOf(p) != "Messaging"))
            Assert.DoesNotContain("MassTransit.RabbitMQ", XDocument.Load(project).Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value));
    }

    [Fact]
    public void TorchBackend_OnlyHostsTakeIt()
    {
        string[] hosts = ["RegionExtraction", "Training", "QueryAnswering", "Standalone", "MovingShapes.Cli"];
        foreach (var project in ProductProjects().Where(p => !hosts.Contains(NameOf(p))))
            Assert.DoesNotContain("TorchBackend.props", File.ReadAllText(project));
    }

    [Fact]
    public void HostPrograms_StayShort()
    {
        foreach (var program in ProductProjects().Select(p => Path.Combine(Path.GetDirectoryName(p)!, "Program.cs")).Where(File.Exists).Where(p => !p.Contains("Cli")))
            Assert.InRange(File.ReadAllLines(program).Length, 1, 25);
    }

    private static IEnumerable<string> References(string name) =>
        Project(name).Descendants("ProjectReference").Select(r => NameOf(r.Attribute("Include")!.Value.Replace('\\', '/')));

    private static IEnumerable<string> Packages(string name) => Project(name).Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value);

    private static XDocument Project(string name) => XDocument.Load(ProductProjects().Single(p => NameOf(p) == name));

    private static string NameOf(string project) => Path.GetFileNameWithoutExtension(project).Replace("DemoVlp.", "", StringComparison.Ordinal);

    private static IEnumerable<string> ProductProjects() => new[] { "contracts", "services", "gateway" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(RepositoryRoot(), folder), "*.csproj", SearchOption.AllDirectories));

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DemoVlp.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests do not run inside the repository.");
    }
}
