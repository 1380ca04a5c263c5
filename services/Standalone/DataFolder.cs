using DemoVlp.Gateway.Startup;

namespace DemoVlp.Standalone;

/// <summary>The folder with everything the standalone system keeps. One process at a time: the lock goes with the process, however that ends.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream ownership;

    private DataFolder(string path, FileStream ownership)
    {
        Path = path;
        this.ownership = ownership;
    }

    public string Path { get; }

    /// <exception cref="StartupRefusedException">The folder cannot be written, or another process has it.</exception>
    public static DataFolder Take(string path)
    {
        var file = System.IO.Path.Combine(path, "lock");
        try
        {
            // Videos are private: nobody else on this machine may read them.
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var ownership = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new DataFolder(path, ownership);
        }
        catch (UnauthorizedAccessException)
        {
            throw new StartupRefusedException($"Not started: the data folder {path} cannot be written. Choose another with DEMOVLP_DATA.");
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new StartupRefusedException($"Not started: another DemoVLP works with the data folder {path}. Stop it, or choose another folder with DEMOVLP_DATA.");
        }
        catch (IOException cause)
        {
            throw new StartupRefusedException($"Not started: the data folder {path} cannot be made ({cause.Message}). Choose another with DEMOVLP_DATA.");
        }
    }

    public void Dispose() => ownership.Dispose();
}
