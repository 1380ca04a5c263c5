using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Catalog.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ExtractingDetector : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "ExtractingDetector",
                table: "videos",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "ExtractingDetector",
                table: "videos");
        }
    }
}
