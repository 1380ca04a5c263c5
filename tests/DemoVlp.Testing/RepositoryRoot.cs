namespace DemoVlp.Testing;

/// <summary>Where the repository is.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder of DemoVlp.sln above the running test.</summary>
    /// <exception cref="DirectoryNotFoundException">The tests run outside a checkout.</exception>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "DemoVlp.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"No DemoVlp.sln above {AppContext.BaseDirectory}.");
    }
}
