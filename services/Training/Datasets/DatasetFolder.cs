using System.Security.Cryptography;
using System.Text;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Datasets;

/// <summary>
/// Where everything that was made for a data set is kept. The folder names its options too: what is written while a data set is deleted never gets into
/// one made later under the same name.
/// </summary>
internal static class DatasetFolder
{
    /// <summary>Everything of data sets of a name.</summary>
    public static string Of(string dataset) => $"datasets/{dataset}";

    /// <summary>Everything of one data set.</summary>
    public static string Of(DatasetRow dataset) => $"{Of(dataset.Name)}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataset.Options)))[..8]}";
}
